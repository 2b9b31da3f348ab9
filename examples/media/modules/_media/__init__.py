"""What the modules of this shelf share: finding ffmpeg, reading a clip, pixels, the command line.

There is no manifest here, so the loader passes by: this folder is a Python package, not a module.
"""
