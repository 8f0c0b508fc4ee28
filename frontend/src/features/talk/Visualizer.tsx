/** A calm picture of who is being heard. It says nothing that the state text does not say. */

import type { CSSProperties, Ref } from 'react';
import type { AgentState } from '../../voice/agentState';
import './visualizer.css';

export type VisualizerLook = AgentState['kind'] | 'idle';

/** How strongly each bar follows the level: a rounded outline, slightly uneven like a voice. */
const BARS = [0.42, 0.74, 1, 0.82, 0.5];

type Props = {
  look: VisualizerLook;
  small?: boolean;
  /** The element whose `--level-user` and `--level-agent` are moved from outside React. */
  ref?: Ref<HTMLDivElement>;
};

export function Visualizer({ look, small = false, ref }: Props) {
  return (
    <div
      ref={ref}
      aria-hidden
      className={small ? 'visualizer visualizer-small' : 'visualizer'}
      data-look={look}
    >
      <span className="visualizer-halo" />
      <span className="visualizer-disc" />
      <span className="visualizer-bars">
        {BARS.map((weight, place) => (
          <span key={weight} style={{ '--weight': weight, '--place': place } as CSSProperties} />
        ))}
      </span>
    </div>
  );
}
