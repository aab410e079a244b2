"""Mail: how a message is written (``templates``), made and handed to a server (``smtp``).

What is to be sent lies in ``core.outbox``.
"""
