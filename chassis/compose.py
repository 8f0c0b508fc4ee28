"""What `docker compose` alone reads of `.env`, by variable: its meaning.

The services are given the whole of `.env`, and must not take these for misspelt settings.
"""

COMPOSE_VARIABLES = {
    "COMPOSE_PROFILES": "parts that are off unless named, with commas between: whisper, sip, "
    "observability, tracing, postgres, tls, search",
    "PARLEY_BIND": "address ports are published on: this machine's own in a local network, or "
    "0.0.0.0 for all; beyond 127.0.0.1 people sign in (BACKEND_AUTH=on)",
    "PARLEY_NODE_IP": "address callers send their sound to; unset: PARLEY_BIND, which then must "
    "not be 0.0.0.0",
    "PARLEY_DOMAIN": "name people open with the profile tls; it leads to this machine",
    "PARLEY_TLS": "internal: certificates by a CA of its own; an e-mail address: by Let's Encrypt",
    "PARLEY_HTTP_PORT": "port of http with the profile tls, which leads on to https",
    "PARLEY_HTTPS_PORT": "port of https with the profile tls",
    "PARLEY_GRAFANA_BIND": "address Grafana is published on, without https",
    "PARLEY_GRAFANA_PORT": "port of Grafana with the profile observability",
    "PARLEY_METRICS_KEPT": "how long Prometheus keeps numbers",
    "PARLEY_DOCKER_ROOT": "Docker's own folder, whose logs the profile observability reads",
    "PARLEY_ENGINES": "cpu, or embedded: small images with the small engines alone",
    "PARLEY_GPUS": "GPUs a model server may use, with docker-compose.gpu.yml",
    "PARLEY_VERSION": "which images run: an older one here is the way back from an upgrade",
    "PARLEY_IMAGES": "what names of images begin with: a registry and a folder in it",
    "PARLEY_PULL": "whether images are fetched: never, missing, always; unset: never "
    "those that are built here, missing the others",
    "PARLEY_GRACE": "longest that agent, SFU and telephone may go on with calls when stopped",
    "PARLEY_START_PERIOD": "time a service may take to start before it counts as unhealthy",
    "PARLEY_ENV_FILE": "file of settings that containers are given, in place of .env; name it to "
    "`docker compose --env-file` too",
    "PARLEY_PRIVATE_SUBNET": "network of docker-compose.private.yml; any that is free here",
    "PARLEY_PRIVATE_GATEWAY": "address in it that nobody has",
    "PARLEY_STT_MEMORY": "memory of stt at most; with a GPU 12g unless set",
    "PARLEY_LLM_MEMORY": "memory of llm at most: the model is chosen to fit it",
    "PARLEY_TTS_MEMORY": "memory of tts at most; with a GPU 8g unless set",
    "PARLEY_EMBEDDED_MEMORY": "memory of the standby at most",
    "PARLEY_AGENT_MEMORY": "memory of agent at most: about 400 MB a call",
    "PARLEY_BACKEND_MEMORY": "memory of backend at most",
    "PARLEY_LIVEKIT_MEMORY": "memory of the SFU at most",
    "PARLEY_SIP_MEMORY": "memory of livekit-sip at most",
    "PARLEY_POSTGRES_MEMORY": "memory of PostgreSQL at most",
    "PARLEY_PROMETHEUS_MEMORY": "memory of Prometheus at most",
    "PARLEY_STT_CPUS": "processors of stt at most; 0: all",
    "PARLEY_LLM_CPUS": "processors of llm at most; 0: all",
    "PARLEY_TTS_CPUS": "processors of tts at most; 0: all",
    "PARLEY_EMBEDDED_CPUS": "processors of the standby at most; 0: all",
    "PARLEY_AGENT_CPUS": "processors of agent at most; 0: all",
    "PARLEY_BACKEND_CPUS": "processors of backend at most; 0: all",
    "PARLEY_LIVEKIT_CPUS": "processors of the SFU at most; 0: all",
    "PARLEY_SIP_CPUS": "processors of livekit-sip at most; 0: all",
    "PARLEY_POSTGRES_CPUS": "processors of PostgreSQL at most; 0: all",
}
