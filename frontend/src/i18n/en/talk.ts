/** What the Talk page says before a call: all that its first sight needs. */

export const talk = {
  welcome: {
    elsewhereTitle: 'You are in a call in another tab',
    elsewhereBody: 'Start one here too, and the two may hear each other. End the other one first.',
    goOnTitle: 'Pick up where you left off',
    goOn: 'An earlier conversation',
    goOnFailed: 'What was said before could not be loaded',
    startNew: 'Start a new conversation instead',
    title: 'Talk it over with Parley',
    sentence: 'A voice assistant that runs on your own hardware and answers out loud.',
    start: 'Start',
    startHint: 'Your browser will ask for the microphone.',
    textOnly: 'Continue with text only',
    privacy: 'What you say goes to this server and nowhere else unless its owner chose otherwise.',
    insecureTitle: 'The microphone needs a secure page',
    insecureBody:
      'Browsers only share a microphone with pages on https or localhost. Open this page that way to speak, or go on with text.',
  },
  choice: {
    persona: 'Who answers',
    voice: 'Voice',
    ownVoice: 'The persona’s own',
  },
  queue: {
    title: 'All lines are busy',
    place_one: 'You are next in line',
    place_other: 'You are number {{count}} in line',
    body: 'Stay on this page: the call starts by itself when a line is free.',
    retryIn: 'Asking again in {{seconds, number}} s',
    asking: 'Asking again…',
    cancel: 'Leave the line',
  },
  announcements: {
    said: '{{who}}: {{text}}',
    ended: 'Call ended',
  },
  leave: {
    title: 'Leave the call?',
    body: 'Going to another page ends it. What was said is kept.',
    confirm: 'End the call and leave',
    stay: 'Stay in the call',
  },
} as const;
