/** Words of the Conversations screen, in French. */

import type { conversations as english } from '../en/conversations';
import type { Translated } from '../translated';

export const conversations = {
  title: 'Conversations',
  conversation: 'Conversation',
} satisfies Translated<typeof english>;
