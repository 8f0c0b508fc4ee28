/** Words of the sign-in, sign-up and set-up screens, in French. */

import type { account as english } from '../en/account';
import type { Translated } from '../translated';

export const account = {
  refused: 'Ce n’est pas encore bon',
  longWait: 'Vous pourrez réessayer dans {{time}} minutes.',
  signIn: {
    title: 'Se connecter',
    intro: 'Heureux de vous revoir.',
    returning: 'Connectez-vous : vous reviendrez là où vous étiez.',
    submit: 'Se connecter',
    noAccount: 'Pas encore de compte ?',
    forgotten: 'Mot de passe oublié ? Demandez à la personne qui gère ce serveur.',
  },
  signUp: {
    title: 'Créer un compte',
    intro: 'Ce que vous dites et ce qui est retenu de vous reste sur ce serveur.',
    submit: 'Créer le compte',
    haveAccount: 'Déjà un compte ?',
  },
  setup: {
    title: 'Installer Parley',
    intro:
      'Ce serveur est neuf. Son premier compte est le vôtre et le dirige : il peut inviter les autres.',
    submit: 'Créer le premier compte',
  },
  fields: {
    login: 'Identifiant',
    loginHint: 'Un nom ou une adresse e-mail : 2 à 64 lettres, chiffres et . @ + - _',
    password: 'Mot de passe',
    passwordHint: 'Au moins {{count}} caractères. Quelques mots à la suite conviennent bien.',
    preferredName: 'Comment vous appeler',
    preferredNameHint: 'Facultatif. L’agent vous salue par ce nom.',
    invite: 'Invitation',
    inviteHint: 'C’est la fin du lien qui vous a été envoyé.',
    setupCode: 'Code d’installation',
    setupCodeHint: 'Le serveur l’a écrit dans son journal à son démarrage.',
  },
  refusals: {
    login_missing: 'Entrez votre identifiant.',
    login_form: 'L’identifiant : 2 à 64 lettres, chiffres et . @ + - _',
    login_taken: 'Cet identifiant est déjà pris. Choisissez-en un autre.',
    password_missing: 'Entrez un mot de passe.',
    password_too_short: 'Le mot de passe doit avoir au moins 10 caractères.',
    password_too_long: 'Le mot de passe doit avoir au plus 256 caractères.',
    password_is_login: 'Le mot de passe ne doit pas être l’identifiant.',
    password_common: 'Ce mot de passe est l’un des premiers devinés. Choisissez-en un autre.',
    wrong_credentials: 'L’identifiant ou le mot de passe est faux.',
    too_many_attempts: 'Trop d’essais. Attendez la fin du délai ci-dessous.',
    account_disabled: 'Ce compte a été désactivé. Demandez à la personne qui gère ce serveur.',
    signup_closed:
      'Ce serveur ne prend pas de nouveaux comptes. Demandez à la personne qui le gère.',
    invite_missing: 'Entrez votre invitation : on n’entre ici que sur invitation.',
    invite_invalid: 'Cette invitation est inconnue, utilisée ou périmée. Demandez-en une autre.',
    setup_code_missing: 'Entrez le code d’installation.',
    setup_code_wrong:
      'Vous n’êtes pas sur la machine du serveur : il veut le code d’installation de son journal.',
    already_set_up: 'Quelqu’un a déjà installé ce serveur. Connectez-vous.',
    name_form: 'Votre nom : au plus 100 caractères ordinaires.',
  },
} satisfies Translated<typeof english>;
