"""Who works here: departments, employees, holidays and leaves."""
