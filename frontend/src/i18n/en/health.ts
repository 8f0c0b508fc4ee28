/** Words of the Health screen, in English. */

export const health = {
  title: 'Health',
  intro: 'What a call needs, looked at every ten seconds while this page is open.',
  again: 'Look again',
  toSignIn: 'Sign in',
  overall: {
    ready: 'Everything works.',
    degraded: 'Calls work, but something is missing.',
    unready: 'Calls do not work now.',
  },
  services: 'Services',
  fewer: 'Sign in to see what to do where something is wrong.',
  version: 'Version {{version}}',
  names: { database: 'Database', limits: 'Counters (Redis)', images: 'Image generator' },
  states: { ready: 'Works', unready: 'Does not work', unknown: 'Not looked at yet' },
  since: 'last change {{when}}',
  latency: 'answers in {{time}}',
  reasons: {
    service_unreachable: 'It cannot be reached.',
    service_silent: 'It does not answer in time.',
    service_refuses: 'It answers, but says that it cannot serve.',
    model_loading: 'Its model is still being loaded.',
    model_failed: 'Its model could not be loaded.',
    model_unloaded: 'Its model was unloaded.',
    memory_short: 'Its machine has too little memory.',
    queue_full: 'More is asked of it than it can do.',
    download_hub_unreachable: 'Where models come from cannot be reached.',
    download_disk_full: 'There is no room for the model.',
    download_checksum_mismatch: 'A file of the model came damaged.',
    download_hub_refused: 'Where models come from refuses to give this one.',
    download_not_found: 'There is no such model where models come from.',
    download_store_unusable: 'The models folder cannot be written.',
    download_offline: 'It is not fetched, as PARLEY_OFFLINE says.',
    sfu_unreachable: 'The voice server cannot be reached.',
    sfu_refuses: 'The voice server takes no calls now.',
    agent_not_registered: 'No agent has registered with the voice server.',
    agent_without_engines: 'The agent lacks a service to hear, think or speak with.',
    lines_busy: 'All lines are busy.',
    agent_leaving: 'The agent is stopping.',
    database_unavailable: 'The database does not answer.',
    database_not_migrated: 'The database is not up to date.',
    limits_unreachable: 'The counters cannot be reached.',
    images_unreachable: 'The image generator cannot be reached.',
  },
  fixes: {
    service_unreachable:
      'Start it (`parley up` starts all), and check that the address in .env is the one it listens on.',
    service_silent:
      'It hangs or its machine is overloaded: look at its log and at the machine’s CPU and memory, then restart it.',
    service_refuses: 'Look at its log.',
    model_loading: 'Wait: its log says how far it is.',
    model_failed:
      'Run `parley models verify`, fetch the model again with `parley models pull`, and check that it fits the memory.',
    model_unloaded: 'Load the model again.',
    memory_short: 'Free memory on its machine, or choose a smaller model.',
    download_hub_unreachable:
      'Check the network and PARLEY_MODELS_URL. It is tried again by itself and goes on from what came; the small engine answers meanwhile.',
    download_disk_full:
      'Make room in the models folder, or move PARLEY_MODELS_DIR. It is tried again by itself; the small engine answers meanwhile.',
    download_checksum_mismatch:
      'It was deleted and is fetched again by itself. If that goes on, look at the proxy or mirror in between.',
    download_hub_refused:
      'Set PARLEY_MODELS_TOKEN, accept the model’s licence on its page, or check PARLEY_MODELS_URL: the words below say which.',
    download_not_found: 'Check PARLEY_MODELS_URL, or choose another model of `parley models list`.',
    download_store_unusable: 'Let the service write to the models folder (PARLEY_MODELS_DIR).',
    download_offline:
      'Nothing to do where that is wanted; else unset PARLEY_OFFLINE, or place the model in the models folder by hand.',
    queue_full: 'Wait, or give it more slots or a faster machine.',
    sfu_unreachable: 'Start livekit-server (`parley up` does), and check LIVEKIT_URL.',
    sfu_refuses: 'Look at the log of livekit-server.',
    agent_not_registered:
      'Check that LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are the same for agent and voice server, then restart the agent.',
    agent_without_engines: 'Start the service that the agent lacks, or the standby.',
    lines_busy: 'Wait until a call ends, or raise AGENT_MAX_CALLS or add a worker.',
    agent_leaving: 'Wait: another worker or its next start takes over.',
    database_unavailable:
      'Check that its disk is not full and its file writable, or that PostgreSQL at BACKEND_DATABASE_URL runs.',
    database_not_migrated:
      'Look at the backend’s log for the reason, and check that the user of BACKEND_DATABASE_URL may change tables.',
    limits_unreachable:
      'Start the Redis that BACKEND_LIMITS_URL names, or unset it when there is one backend only.',
    images_unreachable: 'Start the image generator at BACKEND_IMAGES_URL, or unset it.',
  },
  coming: {
    title: 'Better models on their way',
    intro: 'The small engines answer until these are here, and then hand over by themselves.',
    progressOf: '{{name}}: how much has come',
    of: '{{done}} of {{total}}',
    speed: '{{speed}} a second',
    done: 'here {{when}}',
    again: 'Tried again {{when}}.',
    phases: {
      waiting: 'Next',
      downloading: 'Downloading',
      loading: 'Loading',
      warming: 'Warming up',
      failed: 'Failed',
      offline: 'Not fetched',
    },
  },
  test: {
    title: 'Test my connection',
    intro:
      'Makes a short call from this browser, to which the agent may come. It takes up to half a minute; the last step needs the microphone: say something.',
    signIn: 'Sign in to test whether a call gets through from this browser.',
    start: 'Start the test',
    again: 'Test again',
    report: 'Download the report',
    refused: 'The test could not begin',
    trying: 'Trying: {{step}}…',
    overall: {
      good: 'Calls get through from here.',
      fair: 'Calls get through from here, but not everything is as it should be.',
      bad: 'Calls do not get through from here.',
    },
    steps: {
      websocket: 'Reaching the voice server',
      webrtc: 'A path for sound',
      turn: 'A detour through a relay',
      reconnect: 'Coming back after a break',
      publishAudio: 'Sending your voice',
    },
    outcomes: {
      passed: 'Works',
      failed: 'Failed',
      skipped: 'Not set up',
      silent: 'Silent',
      denied: 'No microphone',
    },
    explained: {
      websocket: {
        passed: 'The voice server answers this browser.',
        failed:
          'This browser cannot reach the voice server, or it refused. Check its address in LIVEKIT_PUBLIC_URL, its certificate, and that a proxy lets WebSockets through.',
      },
      webrtc: {
        passed: 'Sound finds its way to the voice server and back.',
        failed:
          'Something between here and the voice server blocks sound: open its UDP and TCP ports in the firewall, or set up a TURN relay.',
      },
      turn: {
        passed: 'A relay is there for networks that block everything else.',
        failed: 'A relay is set up but cannot be reached: check its address, port and certificate.',
        skipped:
          'The server has no relay. That is fine at home; from strict networks calls may fail.',
      },
      reconnect: {
        passed: 'A call survives a short break of the network.',
        failed: 'A call does not come back by itself after a break. You can rejoin by hand.',
      },
      publishAudio: {
        passed: 'Your microphone was heard and its sound sent.',
        failed: 'The microphone works, but its sound was not sent: a firewall may block it.',
        silent:
          'Sound was sent, but it was silence. Check that the microphone is not muted, and speak during the test.',
        denied:
          'The browser did not give the microphone to this page. Allow it in the address bar; you can also call with text only.',
      },
    },
  },
} as const;
