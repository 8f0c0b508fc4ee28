/** Words of the Conversations screen, in English. */

export const conversations = {
  title: 'Conversations',
  conversation: 'Conversation',
} as const;
