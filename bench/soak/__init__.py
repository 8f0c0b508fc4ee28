"""Does a worker stay as it was after a hundred calls, and through ten minutes of eight at once?"""
