"""Telephone lines, as the SFU is to have them, and the calls that come and go through them."""
