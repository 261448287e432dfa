// The four arrows, always in this order and with these names.
import type { Arrow } from '../api/types';

export const ARROWS: readonly Arrow[] = ['features', 'inference', 'decision', 'feedback'];

interface ArrowWords {
  number: number;
  name: string;
  from: string;
  to: string;
  question: string;
}

export const ARROW_WORDS: Readonly<Record<Arrow, ArrowWords>> = {
  features: {
    number: 1,
    name: 'Features',
    from: 'Data',
    to: 'Features',
    question: 'Does the model see the kind of data it was made for?',
  },
  inference: {
    number: 2,
    name: 'Inference',
    from: 'Features',
    to: 'Inference',
    question: 'Does it answer, in time, on valid inputs, at the expected cost?',
  },
  decision: {
    number: 3,
    name: 'Decision',
    from: 'Inference',
    to: 'Decision',
    question: 'Do its answers still lead to the decisions that were signed off?',
  },
  feedback: {
    number: 4,
    name: 'Feedback',
    from: 'Feedback',
    to: 'Update',
    question: 'Was it right, by the labels that came back?',
  },
};

/** "Inference → Decision". */
export const arrowPath = (arrow: Arrow): string => `${ARROW_WORDS[arrow].from} → ${ARROW_WORDS[arrow].to}`;
