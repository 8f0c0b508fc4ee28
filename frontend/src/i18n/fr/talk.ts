/** Words of the Talk screen, in French. */

import type { talk as english } from '../en/talk';
import type { Translated } from '../translated';

export const talk = {
  welcome: {
    title: 'Parlez-en avec Parley',
    sentence: 'Un assistant vocal qui tourne sur votre propre matériel et répond à voix haute.',
    start: 'Démarrer',
    startHint: 'Votre navigateur demandera l’accès au micro.',
    textOnly: 'Continuer par écrit',
    privacy:
      'Vos paroles vont à ce serveur et nulle part ailleurs, sauf si son propriétaire en a décidé autrement.',
    insecureTitle: 'Le micro exige une page sécurisée',
    insecureBody:
      'Les navigateurs ne partagent le micro qu’avec les pages en https ou de localhost. Ouvrez la page ainsi pour parler, ou continuez par écrit.',
  },
  call: {
    heading: 'Appel avec Parley',
    end: 'Quitter',
    mute: 'Muet',
    stop: 'Stop',
    stopHint: 'Interrompre l’agent (Échap)',
    soundOff: 'Sans son',
    devices: 'Appareils',
    controls: 'Commandes de l’appel',
    allowMicrophone: 'Veuillez autoriser le micro dans la question que pose votre navigateur.',
    latency: 'Réponse en {{seconds}} s',
    latencyHint: 'De la fin de votre tour au premier son émis par le serveur',
  },
  states: {
    connecting: 'Connexion',
    getting_ready: 'Préparation',
    listening: 'À l’écoute',
    waiting_for_text: 'Attend votre message',
    thinking: 'Réfléchit',
    using_tool: 'Utilise {{tool}}',
    speaking: 'Parle',
    muted: 'Micro coupé',
    reconnecting: 'Reconnexion',
  },
  captions: {
    region: 'Sous-titres',
    placeholderVoice: 'Dites quelque chose, ou écrivez ci-dessous.',
    placeholderText: 'Écrivez un message pour commencer.',
  },
  transcript: {
    title: 'Transcription',
    empty: 'Vos paroles à tous deux s’afficheront ici.',
    you: 'Vous',
    agent: 'Parley',
    interrupted: 'interrompu',
    typed: 'écrit',
    jump: 'Aller à la fin',
    newCall: 'Nouvel appel',
  },
  composer: {
    label: 'Message',
    placeholder: 'Écrivez un message',
    send: 'Envoyer',
    retry: 'Réessayer',
    failed: 'Non envoyé. Votre texte est toujours là : vérifiez la connexion et réessayez.',
  },
  tools: {
    states: {
      running: 'en cours',
      finished: 'fait',
      failed: 'échec',
      cancelled: 'arrêté',
    },
    arguments: 'Demande',
    result: 'Réponse',
    sources: 'Sources',
    milliseconds: '{{ms, number}} ms',
    seconds: '{{seconds}} s',
  },
  devices: {
    title: 'Appareils audio',
    input: 'Micro',
    output: 'Haut-parleur',
    unnamed: 'Appareil {{number, number}}',
    noOutput: 'Ce navigateur choisit lui-même le haut-parleur.',
    failed: 'Cet appareil n’a pas pu être utilisé. L’appel continue avec le précédent.',
    close: 'Fermer',
  },
  notices: {
    reconnectingTitle: 'La connexion est interrompue',
    reconnectingBody: 'Tentative de rétablissement. Rien de ce qui a été dit n’est perdu.',
    reconnectingFor: '{{seconds, number}} s',
    audioBlockedTitle: 'Votre navigateur retient le son',
    audioBlockedBody: 'Il attend d’abord un geste sur cette page.',
    audioBlockedAction: 'Touchez pour entendre l’agent',
    silentTitle: 'Rien ne nous parvient de {{device}}',
    silentBody:
      'Vérifiez son interrupteur, ou choisissez un autre micro sous Appareils. Vous pouvez aussi écrire.',
    yourMicrophone: 'votre micro',
    microphoneLostTitle: 'Le micro ne fonctionne plus',
    microphoneLostBody:
      'Rebranchez-le ou choisissez-en un autre sous Appareils. Vous pouvez aussi écrire.',
    stageDownTitle: {
      stt: 'La reconnaissance vocale ne répond pas',
      llm: 'Le modèle de langage ne répond pas',
      tts: 'La voix de l’agent ne répond pas',
    },
    stageDownBody:
      'L’appel continue. Les réponses peuvent être plus lentes ou plus simples d’ici son retour.',
    standbyTitle: 'Secours en service pour {{stages}}',
    standbyFor: { stt: 'l’écoute', llm: 'la réflexion', tts: 'la parole' },
    standbyBody: 'L’appel continue, peut-être un peu plus simplement.',
    stopFailedTitle: 'L’agent n’a pas pu être interrompu',
    stopFailedBody: 'Il n’a pas pris la demande. Parler par-dessus l’arrête aussi.',
    agentAwayTitle: 'L’agent a disparu',
    agentAwayBody: 'Un autre arrive et saura ce qui a été dit.',
    agentSlowTitle: 'L’agent met plus de temps que d’habitude à se préparer',
    agentSlowBody: 'Il est là et charge encore. Patientez un peu, ou terminez et recommencez.',
    agentErrorTitle: 'Une erreur est survenue sur le serveur',
    agentErrorBody: 'L’appel continue. Veuillez redire ou réécrire cela.',
    errorCode: 'Code : {{code}}',
    dismiss: 'Fermer',
  },
  ended: {
    title: 'Appel terminé',
    startAgain: 'Recommencer',
    textOnly: 'Recommencer par écrit',
    reasons: {
      you: 'Merci de cet échange.',
      agent: 'L’appel a été terminé sur le serveur.',
      elsewhere: 'Cet appel a été ouvert dans une autre fenêtre, il s’est donc terminé ici.',
      removed: 'Vous avez été retiré de l’appel.',
      server: 'Le serveur vocal a redémarré. Recommencer devrait marcher dans un instant.',
      lost: 'La connexion est perdue et n’a pas pu être rétablie. Vérifiez votre réseau, puis recommencez.',
      user_hung_up: 'Merci de cet échange.',
      user_left:
        'Votre connexion a été perdue trop longtemps. Vérifiez votre réseau, puis recommencez.',
      agent_hung_up: 'Vous avez dit au revoir, et l’agent a raccroché.',
      transferred: 'L’appel a été transféré à un autre numéro.',
      user_silent: 'Plus rien n’a été dit depuis un moment, l’agent a donc raccroché.',
      no_stt:
        'L’agent ne pouvait pas vous entendre : la reconnaissance vocale ne marche pas pour l’instant.',
      no_llm:
        'L’agent ne pouvait pas répondre : le modèle de langage ne marche pas pour l’instant.',
      no_tts: 'L’agent a perdu sa voix : la synthèse vocale ne marche pas pour l’instant.',
      agent_lost: 'L’agent a disparu, et aucun autre n’a pu prendre la suite.',
      max_duration: 'L’appel a atteint la durée maximale permise par ce serveur.',
      worker_stopped:
        'L’agent a été arrêté, peut-être pour une mise à jour. Recommencer devrait marcher dans un instant.',
      room_closed: 'L’appel a été terminé sur le serveur.',
      error: 'Une erreur du serveur a mis fin à l’appel. Recommencer devrait marcher.',
    },
    kept: 'La transcription reste ci-dessous jusqu’à ce que vous recommenciez ou quittiez la page.',
  },
  problems: {
    retry: 'Réessayer',
    textOnly: 'Continuer par écrit',
    retryIn: 'Vous pourrez réessayer dans {{seconds, number}} s.',
    servicesTitle: 'Pas prêts pour l’instant',
    servicesFine: 'Tous les services se disent prêts.',
    servicesUnknown: 'Le serveur n’a pas dit quel service est en panne.',
    reference: 'Référence : {{reference}}',
    insecure_page: {
      title: 'Le micro exige une page sécurisée',
      cause:
        'Cette page a été ouverte en simple http, et les navigateurs gardent alors le micro fermé.',
      steps: [
        'Ouvrez la page par https://… ou, sur la même machine, par http://localhost.',
        'Ou continuez par écrit.',
      ],
    },
    browser_unsupported: {
      title: 'Ce navigateur ne peut pas passer d’appels',
      cause: 'Il lui manque WebRTC, qui porte le son, ou il est désactivé.',
      steps: [
        'Utilisez un Chrome, Edge, Firefox ou Safari récent.',
        'Réactivez WebRTC si une extension l’a coupé.',
      ],
    },
    mic_denied: {
      title: 'Le micro n’est pas autorisé',
      cause: 'Le navigateur a pour consigne de ne pas partager le micro avec cette page.',
      causeSystem: 'Le système d’exploitation refuse le micro à ce navigateur.',
      watching: 'L’appel démarre de lui-même dès que le micro est autorisé.',
      steps: {
        chromium: [
          'Cliquez sur l’icône à gauche de l’adresse.',
          'Activez « Micro ».',
          'Revenez ici.',
        ],
        firefox: [
          'Cliquez sur le micro barré à gauche de l’adresse.',
          'Retirez « Bloqué » à côté de « Utiliser le microphone ».',
          'Choisissez « Réessayer » ci-dessous.',
        ],
        safari: [
          'Ouvrez Safari › Réglages › Sites web › Micro.',
          'Réglez ce site sur « Autoriser ».',
          'Choisissez « Réessayer » ci-dessous.',
        ],
        ios: [
          'Touchez l’icône à côté de l’adresse, puis « Réglages du site web ».',
          'Réglez « Micro » sur « Autoriser ».',
          'Choisissez « Réessayer » ci-dessous.',
        ],
        other: [
          'Ouvrez les autorisations de ce site dans votre navigateur.',
          'Autorisez le micro.',
          'Choisissez « Réessayer » ci-dessous.',
        ],
        system: [
          'Ouvrez les réglages de confidentialité du système et trouvez « Micro ».',
          'Autorisez ce navigateur à l’utiliser.',
          'Redémarrez le navigateur s’il le demande, puis réessayez.',
        ],
      },
    },
    mic_missing: {
      title: 'Aucun micro n’a été trouvé',
      cause: 'Votre appareil n’annonce aucun micro utilisable par un navigateur.',
      steps: ['Branchez-en un ou allumez-le, puis réessayez.', 'Ou continuez par écrit.'],
    },
    mic_busy: {
      title: 'Le micro est occupé',
      cause: 'Un autre programme le tient et ne partage pas.',
      steps: [
        'Fermez les autres appels et enregistreurs, puis réessayez.',
        'Ou continuez par écrit.',
      ],
    },
    mic_failed: {
      title: 'Le micro n’a pas démarré',
      cause: 'Le navigateur n’a pas pu l’ouvrir et n’a pas dit pourquoi.',
      steps: ['Débranchez-le, rebranchez-le, puis réessayez.', 'Ou continuez par écrit.'],
    },
    forbidden: {
      title: 'Cette page ne peut pas lancer d’appels',
      cause: 'Le serveur n’accepte pas d’appels depuis cette adresse.',
      steps: [
        'Ouvrez Parley à l’adresse donnée par son propriétaire.',
        'Si ce serveur est le vôtre, ajoutez l’adresse de cette page à ses origines permises.',
      ],
    },
    rate_limited: {
      title: 'Trop d’appels en peu de temps',
      cause: 'Le serveur limite la fréquence des appels.',
      steps: ['Attendez un instant, puis réessayez.'],
    },
    no_capacity: {
      title: 'Toutes les lignes sont occupées',
      cause: 'Aucun agent n’a de place pour un autre appel en ce moment.',
      steps: ['Attendez un instant, puis réessayez.'],
    },
    voice_server_down: {
      title: 'Le serveur vocal est en panne',
      cause: 'Ce serveur est là, mais la partie qui porte le son ne lui répond pas.',
      steps: [
        'Attendez un instant, puis réessayez.',
        'Si ce serveur est le vôtre, vérifiez que LiveKit tourne.',
      ],
    },
    voice_server_unreachable: {
      title: 'Le serveur vocal est injoignable',
      cause:
        'Votre navigateur a reçu la permission d’appeler, mais n’a pas pu joindre le serveur vocal.',
      steps: [
        'Vérifiez votre réseau et réessayez.',
        'Si ce serveur est le vôtre, vérifiez que l’adresse et le port de LiveKit sont joignables d’ici.',
      ],
    },
    token_refused: {
      title: 'Le serveur vocal a refusé l’appel',
      cause: 'Il n’a pas accepté la permission donnée par ce serveur.',
      steps: [
        'Réessayez : la permission a peut-être expiré.',
        'Si ce serveur est le vôtre, vérifiez que les deux ont la même clé LiveKit et la bonne heure.',
      ],
    },
    media_blocked: {
      title: 'Le réseau bloque le son',
      cause: 'Le serveur vocal répond, mais aucun chemin pour le son n’a pu être ouvert.',
      steps: [
        'Essayez un autre réseau, ou quittez le VPN.',
        'Si ce serveur est le vôtre, ouvrez ses ports média (7881 tcp, 7882 udp par défaut).',
      ],
    },
    backend_unreachable: {
      title: 'Le serveur est injoignable',
      cause: 'Il n’a pas répondu. Il redémarre peut-être, ou votre réseau est absent.',
      steps: ['Vérifiez votre réseau, puis réessayez.'],
    },
    request_failed: {
      title: 'L’appel n’a pas pu démarrer',
      cause: 'Le serveur a répondu par une erreur sans autre explication.',
      steps: [
        'Réessayez.',
        'Si elle reste, donnez la référence ci-dessous au propriétaire du serveur.',
      ],
    },
    agent_absent: {
      title: 'L’agent n’est pas venu',
      cause: 'La ligne est ouverte, mais personne n’a décroché en dix secondes.',
      steps: ['Réessayez : chaque essai est un nouvel appel.'],
    },
    agent_left: {
      title: 'L’agent a quitté l’appel',
      cause: 'Il a disparu, et aucun autre n’a pris la suite en vingt secondes.',
      steps: ['Réessayez : chaque essai est un nouvel appel.'],
    },
  },
  announcements: {
    said: '{{who}} : {{text}}',
    ended: 'Appel terminé',
  },
  leave: {
    title: 'Quitter l’appel ?',
    body: 'Aller sur une autre page y met fin. Ce qui a été dit est gardé.',
    confirm: 'Terminer l’appel et partir',
    stay: 'Rester dans l’appel',
  },
} satisfies Translated<typeof english>;
