"""The words all rooms share: Arrow schemas, the field table, closed sets, the clock's contract.

Rule 1: nothing here knows a frame, a socket, a file format or a rule.
"""
