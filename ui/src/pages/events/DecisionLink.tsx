// A link to all events of one decision.
import { Link } from '@tanstack/react-router';
import { Payload } from '../../design/Payload';
import { keepScope } from '../../scope/keep';
import type { Search } from '../../scope/search';

export function DecisionLink({ model, decision }: { model: string; decision: string }) {
  return (
    <Link
      to="/models/$model/events"
      params={{ model }}
      search={(before: Search) => ({ ...keepScope(before), id: decision })}
      preload={false}
    >
      <Payload text={decision} isCode />
    </Link>
  );
}
