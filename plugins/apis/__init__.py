"""Load trained models and run them on pictures, without mmengine's Runner."""
