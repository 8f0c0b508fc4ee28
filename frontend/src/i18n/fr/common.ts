/** Words more than one screen uses, in French. */

import type { common as english } from '../en/common';
import type { Translated } from '../translated';

export const common = {
  product: 'Parley',
  crash: {
    title: 'Cette page ne fonctionne plus',
    body: 'Une erreur de la page elle-même l’a arrêtée, et l’appel avec elle. La recharger suffit.',
    reload: 'Recharger la page',
  },
  theme: {
    label: 'Thème',
    system: 'Thème du système',
    light: 'Thème clair',
    dark: 'Thème sombre',
  },
  services: {
    sfu: 'Serveur vocal',
    stt: 'Reconnaissance vocale',
    llm: 'Modèle de langage',
    tts: 'Synthèse vocale',
    embedded: 'Secours',
    agent: 'Agent',
    backend: 'Serveur',
  },
  nav: {
    label: 'Principal',
    skip: 'Aller au contenu',
    talk: 'Parler',
    conversations: 'Conversations',
    calls: 'Appels',
    memory: 'Mémoire',
    personas: 'Personas',
    settings: 'Réglages',
    health: 'État',
    menu: 'Menu',
    account: 'Compte de {{name}}',
    signOut: 'Se déconnecter',
    signOutFailed: 'Vous êtes toujours connecté',
    language: 'Langue',
  },
  notFound: {
    title: 'Cette page n’existe pas',
    body: 'L’adresse est peut-être mal saisie, ou ce qu’elle montrait a été supprimé.',
    home: 'Aller à Parler',
  },
  ui: {
    loading: 'Chargement…',
    retry: 'Réessayer',
    cancel: 'Annuler',
    close: 'Fermer',
    showPassword: 'Afficher le mot de passe',
    formErrors: 'Veuillez vérifier votre saisie',
    typeToConfirm: 'Écrivez « {{word}} » pour confirmer',
    loadMore: 'En afficher plus',
    shown_one: '{{count}} affiché',
    shown_many: '{{count}} affichés',
    shown_other: '{{count}} affichés',
  },
  errors: {
    title: 'Cela n’a pas marché',
    reference: 'Référence : {{reference}}',
    wait_one: 'Vous pourrez réessayer dans {{count}} seconde.',
    wait_many: 'Vous pourrez réessayer dans {{count}} secondes.',
    wait_other: 'Vous pourrez réessayer dans {{count}} secondes.',
    health: 'Voir quel service est en panne',
    causes: {
      network: {
        cause: 'Le serveur n’a pas répondu.',
        next: 'Vérifiez votre réseau, puis réessayez. Le serveur redémarre peut-être.',
      },
      not_signed_in: {
        cause: 'Vous n’êtes plus connecté.',
        next: 'Reconnectez-vous ; vous reviendrez ici.',
      },
      forbidden: {
        cause: 'Vous n’avez pas le droit de faire cela.',
        next: 'Si vous devriez l’avoir, demandez au propriétaire de ce serveur.',
      },
      not_found: {
        cause: 'Cela n’est pas là, ou n’est pas à vous.',
        next: 'Cela a peut-être été supprimé dans une autre fenêtre. Revenez à la liste.',
      },
      conflict: {
        cause: 'Cela a été changé ou créé ailleurs entre-temps.',
        next: 'Rechargez la page et voyez ce qui s’y trouve.',
      },
      invalid: {
        cause: 'Le serveur n’a pas accepté ce qui a été envoyé.',
        next: 'Corrigez-le, puis réessayez.',
      },
      rate_limited: {
        cause: 'Cela a été tenté trop souvent en peu de temps.',
        next: 'Attendez un instant, puis réessayez.',
      },
      unavailable: {
        cause: 'Un service nécessaire n’est pas prêt pour l’instant.',
        next: 'Attendez un instant, puis réessayez.',
      },
      server: {
        cause: 'Le serveur a rencontré une erreur interne.',
        next: 'Réessayez. Si elle reste, donnez la référence au propriétaire de ce serveur.',
      },
      unknown: {
        cause: 'Une erreur de cette page l’a arrêtée.',
        next: 'Rechargez la page.',
      },
    },
  },
} satisfies Translated<typeof english>;
