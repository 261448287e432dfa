"""Switches off the peers' usage reports; to be imported before any of them."""

import os

os.environ["DO_NOT_TRACK"] = "1"
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
