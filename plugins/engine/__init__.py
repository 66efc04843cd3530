"""What both tasks share: runner, session, hooks, checkpoints, files, checks.

Importing this package imports neither torch nor mmengine, so tools parse their command lines
and read records without delay; ``plugins.engine.registration`` registers its classes.
"""
