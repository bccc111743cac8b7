"""Ops whose results are drawn at random or read, and taken as recorded; and ops that give none."""

from typing import Any, Callable, List

from .registry import Flow, NodeCall, NoRule, Taken, rule_of

DRAWN = (
    "RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal", "ParameterizedTruncatedNormal",
    "Multinomial", "RandomShuffle", "RandomGamma", "RandomPoisson", "RandomPoissonV2", "RandomCrop",
    "StatelessRandomUniform", "StatelessRandomUniformV2", "StatelessRandomUniformInt",
    "StatelessRandomUniformIntV2", "StatelessRandomUniformFullInt", "StatelessRandomUniformFullIntV2",
    "StatelessRandomNormal", "StatelessRandomNormalV2", "StatelessTruncatedNormal", "StatelessTruncatedNormalV2",
    "StatelessRandomBinomial", "StatelessRandomGammaV2", "StatelessRandomGammaV3", "StatelessRandomPoisson",
    "StatelessMultinomial", "StatelessParameterizedTruncatedNormal", "StatelessShuffle",
    "StatelessRandomGetKeyCounter", "StatelessRandomGetKeyCounterAlg", "StatelessRandomGetAlg",
    "StatelessSampleDistortedBoundingBox", "SampleDistortedBoundingBox", "SampleDistortedBoundingBoxV2",
    "StatefulRandomBinomial", "StatefulStandardNormal", "StatefulStandardNormalV2", "StatefulTruncatedNormal",
    "StatefulUniform", "StatefulUniformFullInt", "StatefulUniformInt", "NonDeterministicInts",
    "RngReadAndSkip", "RngSkip",
    "UniformCandidateSampler", "LogUniformCandidateSampler", "LearnedUnigramCandidateSampler",
    "FixedUnigramCandidateSampler", "AllCandidateSampler", "ThreadUnsafeUnigramCandidateSampler",
)  # fmt: skip

READ = (
    "IteratorGetNextSync", "IteratorGetNextAsOptional", "OptionalGetValue", "OptionalHasValue",
    "ReadFile", "MatchingFiles", "ReaderRead", "ReaderReadV2", "ReaderReadUpTo", "ReaderReadUpToV2",
    "DecodeProtoV2", "DecodeJSONExample",
    "ParseExample", "ParseExampleV2", "ParseSingleExample", "ParseSequenceExample", "ParseSequenceExampleV2",
    "ParseSingleSequenceExample", "ParseTensor",
    "LookupTableFind", "LookupTableFindV2", "LookupTableSize", "LookupTableSizeV2", "LookupTableExport",
    "LookupTableExportV2",
    "QueueDequeue", "QueueDequeueV2", "QueueDequeueMany", "QueueDequeueManyV2", "QueueDequeueUpTo",
    "QueueDequeueUpToV2", "QueueSize", "QueueSizeV2", "Unstage", "StagePeek", "StageSize",
    "Restore", "RestoreSlice", "RestoreV2", "VarIsInitializedOp", "IsVariableInitialized", "Timestamp",
    "VarHandleOp", "VariableV2",
)  # fmt: skip

#: What a function of Python's makes: no rule can know.
OF_PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")

EFFECTS = ("Assert", "Print", "PrintV2", "NoOp", "ControlTrigger")


def _taken(why: str) -> Callable[..., Any]:
    def rule(call: NodeCall, *inputs: Flow) -> Any:
        raise Taken(why)

    return rule


rule_of(*DRAWN)(_taken("random"))
rule_of(*READ)(_taken("read"))


@rule_of(*OF_PYTHON)
def _(call: NodeCall, *inputs: Flow) -> Any:
    raise NoRule(f"{call.op}: a function of Python's, which is not recorded")


@rule_of(*EFFECTS)
def _(call: NodeCall, *inputs: Flow) -> List[Any]:
    """Nothing comes out; Print of TensorFlow 1 passes its first input on."""
    return [inputs[0]] if call.op == "Print" else []
