// Which services a request calls, how often and for how long.
import type { Request } from '../../api/queries';
import type { Inference } from '../../api/types';
import { ChartFrame } from '../../charts/ChartFrame';
import { Payload } from '../../design/Payload';
import { PlainTable, type PlainColumn } from '../../design/PlainTable';
import { VerdictState } from '../../design/States';
import { millisecondWords, numberWords, plural } from '../../words/numbers';

type Call = Inference['calls'][number];

/** Calls of a request times what a call takes; unknown where no call was timed. */
const perRequest = ({ calls_per_request, ms_per_call }: Call): number | null => (ms_per_call === null ? null : calls_per_request * ms_per_call);

export function Calls({ answer, request }: { answer: Inference; request: Request }) {
  const { calls, observed } = answer;
  const columns: PlainColumn<Call>[] = [
    { id: 'service', header: 'Service', cell: ({ service }) => <Payload text={service} />, isHeading: true, isGrowing: true },
    { id: 'calls', header: 'Calls', cell: ({ calls_per_request }) => numberWords(calls_per_request), align: 'right' },
    { id: 'call', header: 'A call', cell: ({ ms_per_call }) => millisecondWords(ms_per_call), align: 'right' },
    { id: 'request', header: 'A request', cell: (call) => millisecondWords(perRequest(call)), align: 'right' },
  ];
  return (
    <ChartFrame
      title="Calls to services"
      note={observed.calls ? `Means of a request, ${plural(calls.length, 'service')}` : undefined}
      request={request}
      method={{ words: 'Sums over the requests of the arm that tell anything of what they used, divided by their number; the time of a call over the calls that tell it.' }}
      numbers={() => ({
        columns: ['Service', 'Calls of a request', 'ms of a call', 'ms of a request'],
        rows: calls.map((call) => [call.service, call.calls_per_request, call.ms_per_call, perRequest(call)]),
      })}
      hasImage={false}
      isFlush
    >
      {calls.length === 0 ? (
        <VerdictState verdict="not_observed">
          The events tell of no call. Send <code>cost.calls</code> with each prediction.
        </VerdictState>
      ) : (
        <PlainTable label="Services that a request calls" rows={calls} columns={columns} rowKey={({ service }) => service} />
      )}
    </ChartFrame>
  );
}
