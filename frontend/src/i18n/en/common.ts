/** Words more than one screen uses, in English. */

export const common = {
  product: 'Parley',
  crash: {
    title: 'This page stopped working',
    body: 'A fault in the page itself ended it, and the call with it. Loading it again helps.',
    reload: 'Load the page again',
  },
  theme: {
    label: 'Theme',
    system: 'System theme',
    light: 'Light theme',
    dark: 'Dark theme',
  },
  services: {
    sfu: 'Voice server',
    stt: 'Speech recognition',
    llm: 'Language model',
    tts: 'Speech synthesis',
    embedded: 'Standby',
    agent: 'Agent',
    backend: 'Server',
  },
  nav: {
    label: 'Main',
    skip: 'Skip to the content',
    talk: 'Talk',
    conversations: 'Conversations',
    calls: 'Calls',
    memory: 'Memory',
    personas: 'Personas',
    settings: 'Settings',
    health: 'Health',
    menu: 'Menu',
    account: 'Account of {{name}}',
    signOut: 'Sign out',
    signOutFailed: 'You are still signed in',
    language: 'Language',
  },
  notFound: {
    title: 'There is no such page',
    body: 'The address may be mistyped, or what it showed was deleted.',
    home: 'Go to Talk',
  },
  ui: {
    loading: 'Loading…',
    retry: 'Try again',
    cancel: 'Cancel',
    close: 'Close',
    showPassword: 'Show password',
    formErrors: 'Please check what you entered',
    typeToConfirm: 'Type “{{word}}” to confirm',
    loadMore: 'Load more',
    shown_one: '{{count}} shown',
    shown_other: '{{count}} shown',
  },
  errors: {
    title: 'That did not work',
    reference: 'Reference: {{reference}}',
    wait_one: 'You can try again in {{count}} second.',
    wait_other: 'You can try again in {{count}} seconds.',
    health: 'See which service is down',
    causes: {
      network: {
        cause: 'The server did not answer.',
        next: 'Check your network, then try again. The server may be restarting.',
      },
      not_signed_in: {
        cause: 'You are not signed in any more.',
        next: 'Sign in again; you will come back here.',
      },
      forbidden: {
        cause: 'You are not allowed to do that.',
        next: 'If you should be, ask the owner of this server.',
      },
      not_found: {
        cause: 'It is not there, or not yours.',
        next: 'It may have been deleted in another window. Go back to the list.',
      },
      conflict: {
        cause: 'It was changed or made elsewhere in the meantime.',
        next: 'Load the page again and look at what is there now.',
      },
      invalid: {
        cause: 'The server did not accept what was sent.',
        next: 'Correct it, then try again.',
      },
      rate_limited: {
        cause: 'That was tried too often in a short time.',
        next: 'Wait a moment, then try again.',
      },
      unavailable: {
        cause: 'A service this needs is not ready just now.',
        next: 'Wait a moment, then try again.',
      },
      server: {
        cause: 'The server met a fault of its own.',
        next: 'Try again. If it stays, give the reference to the owner of this server.',
      },
      unknown: {
        cause: 'A fault in this page stopped it.',
        next: 'Load the page again.',
      },
    },
  },
} as const;
