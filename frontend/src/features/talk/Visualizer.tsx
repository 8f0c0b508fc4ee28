/** A calm picture of who is being heard. It says nothing that the state text does not say. */

import { type CSSProperties, type Ref, useState } from 'react';
import { initialsOf } from '../../ui/initials';
import type { AgentState } from '../../voice/agentState';
import './visualizer.css';

export type VisualizerLook = AgentState['kind'] | 'idle';

/** How strongly each bar follows the level: a rounded outline, slightly uneven like a voice. */
const BARS = [0.42, 0.74, 1, 0.82, 0.5];

/** Who speaks: an image, or the first letters of a name. */
export type Face = { name: string; imageUrl: string | null };

type Props = {
  look: VisualizerLook;
  /** Without one it is bars. */
  face?: Face | null;
  small?: boolean;
  /** The element whose `--level-user` and `--level-agent` are moved from outside React. */
  ref?: Ref<HTMLDivElement>;
};

export function Visualizer({ look, face = null, small = false, ref }: Props) {
  return (
    <div
      ref={ref}
      aria-hidden
      className={small ? 'visualizer visualizer-small' : 'visualizer'}
      data-look={look}
    >
      <span className="visualizer-halo" />
      <span className="visualizer-disc" />
      {face ? (
        <Portrait key={face.imageUrl} face={face} />
      ) : (
        <span className="visualizer-bars">
          {BARS.map((weight, place) => (
            <span key={weight} style={{ '--weight': weight, '--place': place } as CSSProperties} />
          ))}
        </span>
      )}
    </div>
  );
}

/** An image that does not load leaves the letters. */
function Portrait({ face }: { face: Face }) {
  const [failed, setFailed] = useState(false);
  if (face.imageUrl === null || failed) {
    return <span className="visualizer-letters">{initialsOf(face.name)}</span>;
  }
  return (
    <img
      alt=""
      src={face.imageUrl}
      className="visualizer-portrait"
      onError={() => setFailed(true)}
    />
  );
}
