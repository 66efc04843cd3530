"""One HTML page about many runs, built from their records and pictures, without running models.

``collect`` reads run folders, ``experiments`` averages over seeds, ``report_tables`` fills the
tables of the reports, ``study`` reads a search, ``pictures`` the examples that tools/test.py left;
``page`` puts them into one file. None of these imports torch or mmengine.
"""
