// A link to all events of one decision.
import { Link } from '@tanstack/react-router';
import { Payload } from '../../design/Payload';
import { keepScope } from '../../scope/keep';
import type { Search } from '../../scope/search';

interface DecisionLinkProps {
  model: string;
  decision: string;
  /** False in a row, where it is cut, and left out by Tab. */
  isReached?: boolean;
}

export function DecisionLink({ model, decision, isReached = true }: DecisionLinkProps) {
  return (
    <Link
      to="/models/$model/events"
      params={{ model }}
      search={(before: Search) => ({ ...keepScope(before), id: decision })}
      preload={false}
      tabIndex={isReached ? undefined : -1}
    >
      <Payload text={decision} isCode isCut={!isReached} />
    </Link>
  );
}
