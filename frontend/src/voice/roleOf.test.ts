import { describe, expect, it } from 'vitest';
import { roleOf } from './useTranscription';

const known = {
  ownTrackIds: new Set(['TR_me']),
  remoteTrackIds: new Set(['TR_agent']),
  ownIdentity: 'me',
};

describe('whose words a transcription is', () => {
  it('follows the transcribed track, even when the agent signed for the person', () => {
    expect(roleOf({ ...known, trackId: 'TR_me', sender: 'agent' })).toBe('user');
    expect(roleOf({ ...known, trackId: 'TR_agent', sender: 'me' })).toBe('agent');
  });

  it('follows the sender when the track is unknown or not named', () => {
    expect(roleOf({ ...known, trackId: null, sender: 'me' })).toBe('user');
    expect(roleOf({ ...known, trackId: 'TR_old', sender: 'agent' })).toBe('agent');
  });
});
