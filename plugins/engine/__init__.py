"""What both tasks share: runner, session, hooks, checkpoints, files, checks.

Importing this package imports neither torch nor mmengine, so that tools can parse their command
lines and read records at once; ``plugins.engine.registration`` registers its classes.
"""
