"""Papers: files with their versions on any record or in folders, and the articles of the knowledge base."""
