"""Names of what a search writes into its work dir."""
TRIALS, WINNER = 'trials', 'winner'  # folders: a run for each trial, and the winner's config
TABLE, RECORD = 'trials.csv', 'search.json'
PICTURES = ('history.png', 'importance.png', 'parallel_coordinate.png', 'slice.png')
