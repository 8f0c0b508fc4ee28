/** Words of the sign-in, sign-up and set-up screens, in English. */

export const account = {
  signIn: { title: 'Sign in' },
  signUp: { title: 'Create an account' },
  setup: { title: 'Set up Parley' },
} as const;
