"""The control plane: says who may talk, tells what works, serves the web app."""
