"""How sure a figure is."""
from scipy.stats import binomtest


def accuracy_interval(accuracy: float, images: int) -> tuple[float, float]:
    """Wilson's 95 % interval of an accuracy in % that was measured on so many images, in %."""
    found = binomtest(round(accuracy * images / 100), images).proportion_ci(method='wilson')
    return 100 * float(found.low), 100 * float(found.high)
