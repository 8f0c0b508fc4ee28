"""What `docker compose up` does first: secrets made once, and each service's files of them."""
