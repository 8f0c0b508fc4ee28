/** Words of the Health screen, in French. */

import type { health as english } from '../en/health';
import type { Translated } from '../translated';

export const health = {
  title: 'État',
  intro: 'Ce dont un appel a besoin, vérifié toutes les dix secondes tant que la page est ouverte.',
  again: 'Vérifier encore',
  toSignIn: 'Se connecter',
  overall: {
    ready: 'Tout fonctionne.',
    degraded: 'Les appels fonctionnent, mais il manque quelque chose.',
    unready: 'Les appels ne fonctionnent pas en ce moment.',
  },
  services: 'Services',
  fewer: 'Connectez-vous pour voir que faire là où quelque chose ne va pas.',
  version: 'Version {{version}}',
  names: {
    database: 'Base de données',
    limits: 'Compteurs (Redis)',
    images: 'Générateur d’images',
  },
  states: { ready: 'Fonctionne', unready: 'Ne fonctionne pas', unknown: 'Pas encore vérifié' },
  since: 'dernier changement {{when}}',
  latency: 'répond en {{time}}',
  reasons: {
    service_unreachable: 'Il est injoignable.',
    service_silent: 'Il ne répond pas à temps.',
    service_refuses: 'Il répond, mais dit ne pas pouvoir servir.',
    model_loading: 'Son modèle est encore en chargement.',
    model_failed: 'Son modèle n’a pas pu être chargé.',
    model_unloaded: 'Son modèle a été déchargé.',
    memory_short: 'Sa machine manque de mémoire.',
    queue_full: 'On lui demande plus qu’il ne peut faire.',
    download_hub_unreachable: 'La source des modèles est injoignable.',
    download_disk_full: 'Il n’y a pas de place pour le modèle.',
    download_checksum_mismatch: 'Un fichier du modèle est arrivé abîmé.',
    download_hub_refused: 'La source des modèles refuse de donner celui-ci.',
    download_not_found: 'La source des modèles n’a pas ce modèle.',
    download_store_unusable: 'Le dossier des modèles n’est pas modifiable.',
    download_offline: 'Il n’est pas téléchargé, comme le veut PARLEY_OFFLINE.',
    sfu_unreachable: 'Le serveur vocal est injoignable.',
    sfu_refuses: 'Le serveur vocal ne prend pas d’appels en ce moment.',
    agent_not_registered: 'Aucun agent ne s’est annoncé au serveur vocal.',
    agent_without_engines: 'Il manque à l’agent un service pour entendre, penser ou parler.',
    lines_busy: 'Toutes les lignes sont occupées.',
    agent_leaving: 'L’agent s’arrête.',
    database_unavailable: 'La base de données ne répond pas.',
    database_not_migrated: 'La base de données n’est pas à jour.',
    limits_unreachable: 'Les compteurs sont injoignables.',
    images_unreachable: 'Le générateur d’images est injoignable.',
  },
  fixes: {
    service_unreachable:
      'Démarrez-le (`parley up` démarre tout) et vérifiez que l’adresse dans .env est celle où il écoute.',
    service_silent:
      'Il est bloqué ou sa machine surchargée : regardez son journal, le processeur et la mémoire, puis redémarrez-le.',
    service_refuses: 'Regardez son journal.',
    model_loading: 'Attendez : son journal dit où il en est.',
    model_failed:
      'Lancez `parley models verify`, reprenez le modèle avec `parley models pull`, et vérifiez qu’il tient en mémoire.',
    model_unloaded: 'Rechargez le modèle.',
    memory_short: 'Libérez de la mémoire sur sa machine ou choisissez un modèle plus petit.',
    download_hub_unreachable:
      'Vérifiez le réseau et PARLEY_MODELS_URL. Cela reprend de soi-même là où c’en était ; le petit moteur répond en attendant.',
    download_disk_full:
      'Faites de la place dans le dossier des modèles, ou déplacez PARLEY_MODELS_DIR. Cela reprend de soi-même ; le petit moteur répond en attendant.',
    download_checksum_mismatch:
      'Il a été supprimé et reviendra de lui-même. Si cela continue, regardez le proxy ou le miroir entre les deux.',
    download_hub_refused:
      'Donnez PARLEY_MODELS_TOKEN, acceptez la licence du modèle sur sa page, ou vérifiez PARLEY_MODELS_URL : les mots ci-dessous disent quoi.',
    download_not_found:
      'Vérifiez PARLEY_MODELS_URL, ou choisissez un autre modèle de `parley models list`.',
    download_store_unusable:
      'Laissez le service écrire dans le dossier des modèles (PARLEY_MODELS_DIR).',
    download_offline:
      'Rien à faire si c’est voulu ; sinon retirez PARLEY_OFFLINE, ou placez le modèle à la main dans le dossier des modèles.',
    queue_full: 'Attendez, ou donnez-lui plus de places ou une machine plus rapide.',
    sfu_unreachable: 'Démarrez livekit-server (`parley up` le fait) et vérifiez LIVEKIT_URL.',
    sfu_refuses: 'Regardez le journal de livekit-server.',
    agent_not_registered:
      'Vérifiez que LIVEKIT_URL, LIVEKIT_API_KEY et LIVEKIT_API_SECRET sont les mêmes pour l’agent et le serveur vocal, puis redémarrez l’agent.',
    agent_without_engines: 'Démarrez le service qui manque à l’agent, ou la réserve.',
    lines_busy: 'Attendez la fin d’un appel, augmentez AGENT_MAX_CALLS ou ajoutez un agent.',
    agent_leaving: 'Attendez : un autre agent ou son prochain démarrage prend la suite.',
    database_unavailable:
      'Vérifiez que son disque n’est pas plein et son fichier modifiable, ou que PostgreSQL à BACKEND_DATABASE_URL tourne.',
    database_not_migrated:
      'Cherchez la raison dans le journal du serveur, et vérifiez que l’utilisateur de BACKEND_DATABASE_URL peut changer les tables.',
    limits_unreachable:
      'Démarrez le Redis nommé par BACKEND_LIMITS_URL, ou retirez ce réglage s’il n’y a qu’un serveur.',
    images_unreachable:
      'Démarrez le générateur d’images à BACKEND_IMAGES_URL, ou retirez ce réglage.',
  },
  coming: {
    title: 'De meilleurs modèles arrivent',
    intro: 'Les petits moteurs répondent en attendant, puis passent la main d’eux-mêmes.',
    progressOf: '{{name}} : ce qui est arrivé',
    of: '{{done}} sur {{total}}',
    speed: '{{speed}} par seconde',
    done: 'là {{when}}',
    again: 'Nouvel essai {{when}}.',
    phases: {
      waiting: 'Ensuite',
      downloading: 'Téléchargement',
      loading: 'Chargement',
      warming: 'Mise en route',
      failed: 'Échec',
      offline: 'Non téléchargé',
    },
  },
  test: {
    title: 'Tester ma connexion',
    intro:
      'Fait un court appel depuis ce navigateur, où l’agent peut venir. Cela prend jusqu’à une demi-minute ; la dernière étape a besoin du microphone : dites quelque chose.',
    signIn: 'Connectez-vous pour tester si un appel passe depuis ce navigateur.',
    start: 'Commencer le test',
    again: 'Tester encore',
    report: 'Télécharger le rapport',
    refused: 'Le test n’a pas pu commencer',
    trying: 'En cours : {{step}}…',
    overall: {
      good: 'Les appels passent d’ici.',
      fair: 'Les appels passent d’ici, mais tout n’est pas comme il faudrait.',
      bad: 'Les appels ne passent pas d’ici.',
    },
    steps: {
      websocket: 'Joindre le serveur vocal',
      webrtc: 'Un chemin pour le son',
      turn: 'Un détour par un relais',
      reconnect: 'Revenir après une coupure',
      publishAudio: 'Envoyer votre voix',
    },
    outcomes: {
      passed: 'Fonctionne',
      failed: 'Échec',
      skipped: 'Non installé',
      silent: 'Silence',
      denied: 'Pas de microphone',
    },
    explained: {
      websocket: {
        passed: 'Le serveur vocal répond à ce navigateur.',
        failed:
          'Ce navigateur ne peut pas joindre le serveur vocal, ou celui-ci a refusé. Vérifiez son adresse dans LIVEKIT_PUBLIC_URL, son certificat, et qu’un proxy laisse passer les WebSockets.',
      },
      webrtc: {
        passed: 'Le son trouve son chemin vers le serveur vocal et retour.',
        failed:
          'Quelque chose bloque le son entre ici et le serveur vocal : ouvrez ses ports UDP et TCP dans le pare-feu, ou installez un relais TURN.',
      },
      turn: {
        passed: 'Un relais est là pour les réseaux qui bloquent tout le reste.',
        failed:
          'Un relais est installé mais injoignable : vérifiez son adresse, son port et son certificat.',
        skipped:
          'Le serveur n’a pas de relais. Chez soi cela suffit ; depuis des réseaux stricts, des appels peuvent échouer.',
      },
      reconnect: {
        passed: 'Un appel survit à une courte coupure du réseau.',
        failed:
          'Un appel ne revient pas de lui-même après une coupure. Vous pouvez le rejoindre à la main.',
      },
      publishAudio: {
        passed: 'Votre microphone a été entendu et son son envoyé.',
        failed:
          'Le microphone marche, mais son son n’est pas parti : un pare-feu le bloque peut-être.',
        silent:
          'Du son est parti, mais c’était du silence. Vérifiez que le microphone n’est pas coupé, et parlez pendant le test.',
        denied:
          'Le navigateur n’a pas donné le microphone à cette page. Autorisez-le dans la barre d’adresse ; vous pouvez aussi appeler par écrit.',
      },
    },
  },
} satisfies Translated<typeof english>;
