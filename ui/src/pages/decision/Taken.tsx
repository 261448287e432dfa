// Who decided what in the range: actions, deciders, and rules with their overrides.
import type { Request } from '../../api/queries';
import type { Decision } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Columns } from '../../design/Panel';
import { VerdictState } from '../../design/States';
import { countWords, shareWords } from '../../words/numbers';
import { ShareBars } from './ShareBars';

const DECIDERS: Readonly<Record<string, string>> = { model: 'The model', rule: 'A rule', guardrail: 'A guardrail', fallback: 'A fallback' };

export function Taken({ decision, request }: { decision: Decision; request: Request }) {
  const { actions, deciders, rules } = decision;
  if (actions.length === 0 && deciders.length === 0 && rules.length === 0) {
    return (
      <ChartFrame title="Actions, deciders and rules" request={request} hasImage={false}>
        <VerdictState verdict="not_observed">
          The events of this range name no action, no decider and no rule. They are told by <code>decision.action</code>, <code>decision.by</code> and <code>decision.rule</code>.
        </VerdictState>
      </ChartFrame>
    );
  }
  const counted = (words: string) => ({ words: <p>{words} Counted over the whole range.</p> });
  return (
    <Columns minimum={300}>
      <ChartFrame title="Actions" note="What was done." request={request} method={counted('Decisions by the action that was taken.')} numbers={() => ({ columns: ['Action', 'Decisions'], rows: actions.map((each) => [each.action, each.rows]) })} hasImage={false}>
        <ShareBars parts={actions.map(({ action, rows }) => ({ name: action, rows }))} none="The events name no action." />
      </ChartFrame>
      <ChartFrame title="Who decided" note="The model, or something in its place." request={request} method={counted('Decisions by who took them: the model, a rule, a guardrail or a fallback.')} numbers={() => ({ columns: ['By', 'Decisions'], rows: deciders.map((each) => [each.by, each.rows]) })} hasImage={false}>
        <ShareBars parts={deciders.map(({ by, rows }) => ({ name: DECIDERS[by] ?? by, rows }))} none="The events do not tell who decided." />
      </ChartFrame>
      <ChartFrame
        title="Rules"
        note="How often each one decided, and how often other than the model."
        request={request}
        method={counted('Decisions by rule. One is overridden when the action differs from the model’s own.')}
        numbers={() => ({ columns: ['Rule', 'Decisions', 'Overridden'], rows: rules.map((each) => [each.rule, each.rows, each.overridden]) })}
        hasImage={false}
      >
        <ShareBars
          parts={rules.map(({ rule, rows, overridden }) => ({
            name: rule,
            rows,
            part: overridden,
            note: overridden === 0 ? 'always as the model' : `${countWords(overridden)} other than the model (${shareWords(overridden / rows)})`,
          }))}
          total={deciders.reduce((sum, each) => sum + each.rows, 0)}
          none="No rule decided in this range."
        />
      </ChartFrame>
    </Columns>
  );
}
