"""Build one HTML page about many runs from their records and pictures; no model is run.

``collect`` reads run folders, ``experiments`` averages over seeds, ``report_tables`` fills the
tables of the reports, ``study`` reads a search, ``pictures`` reads the images that tools/test.py
saved, ``page`` writes everything into one file. None of these imports torch or mmengine.
"""
