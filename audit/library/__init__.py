"""What notebooks and scripts call: everything the command line does, as frames, documents and figures.

Every call opens the database and closes it again, read-only unless it changes something, so that an open notebook
blocks nobody. The names that `import audit` gives are listed in `audit/__init__.py`.
"""
