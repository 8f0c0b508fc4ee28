"""`python -m inference.stt.prepare`: build what pocketsphinx else builds at its first start.

For an image, whose file system is read-only when it runs. It goes where STT_CACHE_DIR says.
"""

from chassis.settings import load_or_exit
from inference.assist.sentences import sentences, sentences_version
from inference.stt.language_model import model_files
from inference.stt.settings import SttSettings

if __name__ == "__main__":
    model_files(sentences, sentences_version(), load_or_exit(SttSettings).cache_dir)
