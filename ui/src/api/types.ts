// The answers of Quiver's read API, by the names that the server's OpenAPI document gives them: schema.d.ts is made from it.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Verdict = Schemas['Verdict'];
export type Arrow = Schemas['Arrow'];
export type By = Schemas['By'];
export type Monitor = Schemas['Monitor'];
export type Window = Schemas['Window'];
export type Period = Schemas['Period'];
export type Scope = Schemas['Scope'];
export type Limit = Schemas['Limit'];
export type Slice = Schemas['Slice'];
export type Finding = Schemas['Finding'];
export type Series = Schemas['Series'];
export type Session = Schemas['Session'];
export type OverviewAnswer = Schemas['Overview'];
/** A model of the overview with its own periods, in the place of where they are listed. */
export type OverviewModel = Schemas['OverviewModel'] & { periods: Schemas['Period'][] };
export interface Overview {
  models: OverviewModel[];
}
export type OverviewArrow = Schemas['OverviewArrow'];
export type Windows = Schemas['Windows'];
export type ArmWindows = Schemas['ArmWindows'];
export type Marker = Schemas['Marker'];
export type Diagnoses = Schemas['Diagnoses'];
export type ArmDiagnosis = Schemas['ArmDiagnosis'];
export type Onset = Schemas['Onset'];
export type Cause = Schemas['Cause'];
export type Findings = Schemas['Findings'];
export type SeriesAnswer = Schemas['SeriesAnswer'];
export type Features = Schemas['Features'];
export type FeatureRow = Schemas['FeatureRow'];
export type FeatureDetail = Schemas['FeatureDetail'];
export type ColumnFigures = Schemas['ColumnFigures'];
export type FigureCosts = Schemas['FigureCosts'];
export type FeatureSlices = Schemas['FeatureSlices'];
export type Slices = Schemas['Slices'];
export type Inference = Schemas['Inference'];
export type Decision = Schemas['Decision'];
export type ThresholdPoint = Schemas['ThresholdPoint'];
export type Performance = Schemas['Performance'];
export type ErrorGroup = Schemas['ErrorGroup'];
export type Comparison = Schemas['Comparison'];
export type Side = Schemas['Side'];
export type Events = Schemas['Events'];
export type EventRow = Schemas['EventRow'];
export type EventDetail = Schemas['EventDetail'];
export type Specs = Schemas['Specs'];
export type SpecDetail = Schemas['SpecDetail'];
export type Status = Schemas['Status'];
export type Keys = Schemas['Keys'];
export type BinLabel = Schemas['Bin'];
