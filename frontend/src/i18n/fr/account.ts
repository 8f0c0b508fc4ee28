/** Words of the sign-in, sign-up and set-up screens, in French. */

import type { account as english } from '../en/account';
import type { Translated } from '../translated';

export const account = {
  signIn: { title: 'Se connecter' },
  signUp: { title: 'Créer un compte' },
  setup: { title: 'Installer Parley' },
} satisfies Translated<typeof english>;
