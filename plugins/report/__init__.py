"""One page about many runs: what is read, what is put together, how it is written.

``collect`` reads run folders, ``unfinished`` those without a record yet, ``experiments`` averages
over seeds, ``report_tables`` has the tables of the reports, ``resolved_config`` what a run's config
adds to its base, ``mistakes`` the test images that a classifier is surest and wrong about,
``study`` the outcome of a search, ``page`` puts all of it into one HTML file. Importing these
imports neither torch nor mmengine; ``mistakes`` and ``resolved_config`` do so when they are called.
"""
