"""Every limit that a check judges by, in one place.

Sources: measurements on published models, healthy and broken, and the practice of other tools.
The limits of parity are defaults; the spec's `tolerances` replace the error column.
"""

from dataclasses import dataclass
from typing import Final

MIN_DISTINCT_INPUTS: Final = 20
"""Collapse is judged on no fewer different inputs."""

COLLAPSE_SHARE_EXCESS: Final = 0.3
"""Share of the top class beyond that of the reference and of the labels."""

ZERO_SHARE: Final = 0.99
"""Share of samples whose every value is zero."""

DISTINCT_RATIO: Final = 0.02
"""Distinct output rows of the candidate for each of the reference."""

FLOAT_CONSTANT: Final = 1e-6
"""Relative movement below which a float output counts as constant."""

LSB_CONSTANT: Final = 1.5
"""Movement in LSBs below which an integer output counts as constant: one code up or down, with
room for the rounding of float32."""

DUPLICATES_WARNING: Final = 0.05
"""Share of samples that repeat another; fewer are only noted."""

SINGLE_CLASS_SHARE: Final = 0.9
"""Share of one label, or of the reference's top class, that makes a dataset one-sided."""

LOST_GAIN: Final = 0.2
"""Share of the way from naming the commonest label to perfection below which a model guesses."""

NO_GAIN: Final = 1e-9
HALF_RIGHT: Final = 0.5
"""The same share for true values and maps: none but for rounding; and what a model meets that is
not lost even so."""

WORKING_GAIN: Final = 0.5
"""The same share from which on a model is taken to work on the inputs as they are fed."""

COVERAGE_ERROR: Final = 0.6
COVERAGE_WARNING: Final = 0.9
"""Share of the expected input range that the input tensor can represent. Healthy published files
go down to 0.83; wrong preprocessing in calibration halves it or worse."""

CHANNEL_SLACK: Final = 0.02
"""Reach of a channel beyond the representable range, for each width of all channels, that the
last code and a few clipped pixels in calibration explain."""

REACHED_RANGE: Final = 0.25
END_STAYS: Final = 0.25
STRETCHED: Final = 10.0
END_BEYOND: Final = 0.1
"""Why a calibrated input range does not fit: other steps reached a known range up to the first, for
each width; single values stretch one end (the other one moves less than the second, for each width of
the data) so that all others share a tenth of the steps; or samples did not reach it, and no end lies
farther beyond the data than the last."""

CONSTANTS_CLOSE: Final = 0.02
"""Difference that rounded constants in metadata make, for each width of what pixels become."""

CLIP_ERROR: Final = 0.10
CLIP_WARNING: Final = 0.01
"""Share of input values outside the representable range."""

WIDTH_WARNING: Final = 1.8
WIDTH_WARNING_DATA: Final = 4.0
"""Representable width for each expected one; looser where only the data say what is expected.
Healthy published files lie within 17 % of a promise; [0, 1] in [-1, 1] is a factor of 2, less
what calibration did not reach."""

LEVELS_ERROR: Final = 8
"""Codes that the expected input range is spread over."""

UNIT_WIDTH: Final = (0.1, 20.0)
"""Width that normalisation gives pixels 0..255: 1 and 2 are usual, 4.7 is that of ImageNet; folded
batch normalisation goes down to 0.33 in published files."""

SHRINK_ERROR: Final = 20.0
"""Width of raw pixels for each width of what the spec feeds to constants made for raw pixels;
-1..1 gives 127, 0..1 gives 255, ImageNet 54."""

OFF_ASPECT: Final = 0.2
"""Share of stretched images whose aspect ratio is not the model's."""

UNSCALED_LARGEST: Final = 12.0
"""Largest absolute value that standardised features of calibration reach."""

UNSCALED_REACH: Final = 3.0
"""How far raw features go beyond the calibrated range, for each half width of it."""

UNSCALED_SPREAD: Final = 100.0
"""Ratio of the deviations of features that standardisation would have made equal."""

PROMISE_ERROR: Final = 0.10
PROMISE_WARNING: Final = 0.01
"""Overshoot of the data beyond the spec's range, for each width of it."""

PROMISE_RAW: Final = 10.0
"""Largest absolute value for each promised one: so far off are raw pixels."""

PROMISE_USED: Final = 0.55
"""Share of the promised range that the data use; [0, 1] in [-1, 1] uses half."""


@dataclass(frozen=True)
class Limit:
    """When a parity metric is a warning and when an error."""

    warning: float
    error: float
    higher_is_better: bool


PARITY: Final[dict[str, Limit]] = {
    "r2_loss": Limit(0.02, 0.05, higher_is_better=False),
    "iou_loss": Limit(0.01, 0.03, higher_is_better=False),
    "error_ratio": Limit(1.1, 1.25, higher_is_better=False),
    "agreement": Limit(0.93, 0.85, higher_is_better=True),
    "pixel_agreement": Limit(0.93, 0.85, higher_is_better=True),
    "mean_iou": Limit(0.75, 0.5, higher_is_better=True),
    "sqnr_db": Limit(20.0, 10.0, higher_is_better=True),
    "variation_sqnr_db": Limit(20.0, 10.0, higher_is_better=True),
    "cosine_p5": Limit(0.90, 0.50, higher_is_better=True),
    "embedding_cosine_p5": Limit(0.97, 0.90, higher_is_better=True),
    "kl_median": Limit(0.05, 0.2, higher_is_better=False),
}
"""The most telling first.

* `r2_loss` and `error_ratio` are one judgement, of which both halves must be beyond their limit:
  where the truth hardly varies, R2 falls by a harmless error (0.05 for a healthy steady machine,
  0.3 for a steady field), and where the reference is nearly exact, the ratio rises by one (4.5 for
  a healthy sine of R2 0.999, 13 for an autoencoder of R2 0.9999). R2 is about the mean of each
  element, for reconstructions too: their input is then worth what it moves by.
* `r2_loss`: 8 bits cost an output (6 standard deviations in 255 steps) 0.0001 of its variance,
  a healthy published regression 0.002; 0.05 is the error of a quarter of a standard deviation.
* `variation_sqnr_db`: the limits of SQNR; they are an R2 against the reference of 0.99 and 0.9.
* `error_ratio`: an alarm is commonly set at mean + 3 standard deviations of the error of healthy
  data. Those of a steady machine were 8 % of the mean, so from 1.25 on an ordinary sample raises
  it. Healthy published autoencoders have 0.97 to 1.02, degraded ones 3.3.
* `mean_iou`: 0.5 is what PASCAL VOC takes for the same object, 0.75 the strict bar of COCO.
* `embedding_cosine_p5`: a cosine c of unit vectors is an SQNR of -10 log10(2 - 2 c): 0.97 is
  12 dB, 0.90 is 7 dB, at the worst samples, where 20 and 10 dB are asked of the whole.
"""

MOVEMENT: Final = 0.1
"""Deviation over samples of the values of a head, for each unit of their size, from which on their
movement is judged: 25 of 256 codes. 2.5 codes of noise, ordinary for 8 bits, are then 20 dB less."""

REGRET_SHARE: Final = 0.15
"""Regret of the classes for each that a blind choice has, up to which classes that differ are no
error: two classes that the reference holds equally likely are no two decisions. 0.15 is what the
limit of agreement amounts to if 15 of 100 answers are blind. Healthy files have up to 0.09 (flat
probabilities of 100 ordinal classes) and mostly below 0.01, broken ones 0.23 to 0.89."""

HEAD_LEVELS_ERROR: Final = 8
HEAD_LEVELS_WARNING: Final = 32
HEAD_LEVELS_PLENTY: Final = 64
"""Steps of the output that the values of one channel group are spread over, and how many another
group must have for the shared scale to be the reason."""

ACCURACY_DROP_ERROR: Final = 0.03
ACCURACY_DROP_WARNING: Final = 0.01
P_ERROR: Final = 0.01
P_WARNING: Final = 0.05
"""Significance of the paired test; a tolerance that the spec sets itself is judged at P_WARNING."""

CHANNEL_RATIO: Final = 30
CHANNEL_CODES: Final = 8
CHANNEL_SHARE_WARNING: Final = 0.5
CHANNEL_SHARE_NOTE: Final = 0.1
"""When a channel of per-tensor weights is lost: codes so many times smaller than the layer's, and
fewer codes than that. Then the share of a layer's channels: published files that were trained with
quantization are healthy with up to 0.28, so that only more than half is worth a warning."""

BIAS_STEPS: Final = 1 / 256
BIAS_SCALE_SAME: Final = 1e-5
"""Share of the output's codes by which a bias in the wrong scale may be off (one step of 8 bits, 256
of 16), and the relative difference up to which a scale is the same: the rounding of float32 is 1e-7."""

SCALE_TINY: Final = 1e-6
"""Scale below which an activation was 0 in calibration, or has an odd unit."""

SCALE_ZEROS: Final = 2e-6 / 255
"""What TensorFlow 2.21 writes where calibration saw only zeros: it widens the range to +-1e-6."""

BRANCH_SHARE: Final = 0.05
BRANCH_CODES: Final = 32
"""Range of a joined branch for each of the joined range, and the codes that it is left with: 0.05
leaves 13 of 256 codes, but 3277 of 65536."""

RANGE_SAME: Final = 0.02
"""Movement of both ends, for each width, below which two ranges are one: uint8 and int8 at 1/255."""

OTHER_RATE_ERROR: Final = 0.05
"""Share of sound files whose sample rate is not that of the steps; fewer are a warning."""

SCALE_OFF: Final = 0.5
SCALE_EXPLAINED: Final = 0.8
"""Overlap of the range of features with the representable one: below the first the scale is
suspected, and a factor that brings it above the second is named. (The least factor that is tried,
that from log10 to natural, leaves 0.43.)"""

TRAINED_RANGE: Final = 0.1
"""Movement of an end of a range, for each trained width, from which on it is not the trained one: a
step of 8 bits is 0.004, and the fixed ranges of SOFTMAX, LOGISTIC and TANH move by 0.004 too."""

MOST_NAMED: Final = 5
"""Findings of one rule on like subjects; more of them would only repeat it."""

NORMS_KL: Final = 0.05
"""Median divergence of a layer of batch normalization, nats, from which on its statistics may not be
those of the data. Healthy layers have 0.005 and less; wrong ranges, and 200 steps with a momentum of
0.999, 0.3 and more."""

DEAD_SHARE: Final = 0.95
"""Share of the units of a layer that are 0 for every sample; healthy nets have up to 40 % of them
dead."""

STILL: Final = 1e-6
VANISHED: Final = 0.01
VANISHED_FACTOR: Final = 20.0
"""Deviation over samples, for each unit of a tensor's own size, below which it does not move at all,
or hardly; and how many times that the inputs must deviate. Healthy inner layers have 0.2 and more;
stacks of sigmoids with tiny weights 0.0006."""

SATURATED: Final = 0.95
AT_RAIL: Final = 0.0025
"""Share of the values of an inner sigmoid or tanh that are beyond those of -6 or 6: so near to an end
of its range, for each of its width."""

SAME_SHARES: Final = 0.1
"""Total variation between the shares of classes in answers and in labels, up to which a model that is
right only by chance may have learned other labels: those of the same samples in another order."""

PRIOR_SHARE: Final = 0.95
PRIOR_ONLY: Final = 0.99
PRIOR_IMBALANCE: Final = 1.5
PRIOR_OTHERS: Final = 10
PRIOR_MET: Final = 0.1
PRIOR_KL: Final = 0.05
"""A model that learned only the shares of the classes: of the samples it names one class for the
first, or the second where its probabilities do not tell; the commonest label has the third times an
even share; so many samples of other classes are labelled, of which less than such a share is met (a
model that meets half of them would do so once in a hundred times); nats of the shares of the labels
from its mean probabilities."""

NEAR_INITIAL: Final = 0.06
NEAR_REACH: Final = (0.9, 1.3)
"""Kolmogorov-Smirnov distance from even weights, beyond that of chance, and the largest weight for
the limit of an initializer, at which a model that does not know its task was hardly trained."""

INITIAL_LAYERS: Final = 2
INITIAL_WEIGHTS: Final = 200
INITIAL_FEW: Final = 32
INITIAL_SAMPLE: Final = 1 << 16
INITIAL_SLACK: Final = 0.006
"""When weights are those of a new model: so many layers at least, of so many weights each, or as many
together where each has the third; of which so many are looked at. The Kolmogorov-Smirnov distance may exceed what chance
explains by a step of 8 bits: one of 254 is 0.004. At 200 weights normal ones are told apart from
even ones, at a limit of three standard deviations (a distance of 0.17)."""

LAYER_OWN_DB: Final = 25.0
LAYER_NEW_DB: Final = 10.0
LAYER_SOUND_DB: Final = 25.0
LAYER_LOST_DB: Final = 15.0
LAYER_CLIPPED: Final = 0.01
"""A layer is bad whose own error is below the first, and either so far below its inputs that the
damage is new, or that share of it clipped; or that reads more than the third and writes less than the
fourth. Their source is told in `compare/first_bad.py`."""

LEVELS_SHARE: Final = 0.1
"""Share of a type's steps that nearly all values use; healthy published tensors have 0.15 and
more."""

LAYER_CLIP_DECIDES: Final = 0.001
"""Share of clipped values of a tensor that decides the output (its logits)."""

FOREIGN_INPUT_CLIP: Final = 0.001
FOREIGN_TENSORS: Final = 4
FOREIGN_SHARE: Final = 0.5
"""When samples are of another kind: hardly any input value is clipped, and so many inner tensors
are, as a number and as a share. Published models under foreign samples have 9 of 10; those that
were calibrated on noise or one picture have 2 of 12 where their input is not clipped."""

LARGEST_HALF: Final = 65504.0
"""The largest finite float16."""

REPEATED_ROUNDING: Final = 1e-5
"""Of the largest value: floats that differ by less are the same answer. Authors of runtimes take
1e-7 for noise of threads; the same kernels gave no difference at all on 26 published files, whatever the threads."""

KERNELS_LSB: Final = 2
KERNELS_SHARE: Final = 0.05
"""The first operator whose codes differ by more, on more of its elements, is named where kernels
disagree; in healthy ones one operator rounds 1 LSB apart, on less than 2 %. Of floats the same share
by more than `FLOAT_KERNELS` of the largest value."""

FLOAT_KERNELS: Final = 1e-3

KERNELS_OUTPUT_LSB: Final = 3
"""Steps of an output that is far by its SQNR only because its codes are small."""

KERNELS_DB: Final = 15.0
KERNELS_AGREEMENT: Final = 0.9
"""Default against builtin kernels of one runtime: 35 published files have 22 dB and more,
and the classifiers among them 95 % equal classes."""

REPLAY_LSB: Final = 2.0
REPLAY_FLOAT: Final = 1e-3
REPLAY_FACTOR: Final = 2.0
REPLAY_MOST: Final = 0.25
REPLAY_OUTSIDE: Final = 0.01
"""How far an element of an output may be from the one that the host recorded: so many LSB, or of a
float output so much for each unit of the largest, or the third times what the kernels of the host are
apart on the same samples, but never more than the fourth of the codes or of the largest; and the share
of samples that may have one beyond. LiteRT and tflite-runtime are apart by just what default and builtin
kernels are: on published files up to 15 LSB, and up to 0.18 of the largest, after a softmax."""

TFLM_LSB: Final = 4
TFLM_SOFTMAX_LSB: Final = 32
"""TFLM against LiteRT's builtin kernels, of one operator in steps of what it writes: 14 published
models have 0 or 1, an LSTM 2; a softmax, whose steps are finer than those of what it reads, 5, and
others tens of codes."""

CONVERSION_ERROR: Final = 1e-3
FLOAT_ROUNDING: Final = 1e-5
"""Error of a float file for each unit of the output's size or movement, as converters' authors take
it, and of the size, below which it is rounding: two healthy libraries are 4e-7 apart."""
FAKE_CONVERSION_ERROR: Final = 0.03
"""The same where the model rounds to 8 bits by itself: 30 dB. A healthy one had 0.006."""

HYBRID_WEIGHTS: Final = 1024
"""Elements below which TensorFlow's converter leaves weights in float, dynamic-range or not."""

FOREIGN_WEIGHTS: Final = 0.5
"""Share of the weights that are not the reference's, from which on it is another model."""

LAYER_WEIGHTS_DB: Final = 15.0
LAYER_BIASES_DB: Final = 10.0
LAYER_DROP_DB: Final = 20.0
"""When the weights or biases of one layer are not the reference's: below the first, and so far below
the median of the other layers. Weights of published files have 22 dB and more, after training with
quantization 18 and more beside a median of 29; biases 48 and more."""

CHANNEL_CHANGED_DB: Final = 10.0
SAME_BIAS: Final = 0.1
SAME_FACTOR: Final = 0.1
"""Weights of an output channel with less are changed; the error of a bias, for each of the largest of
its layer, and the spread of the factors of channels, for each of their median, up to which they are
the same: those of healthy converted files differ by 0.06, of folded batch normalization by 0.2."""

RELATED_WEIGHTS: Final = 0.5
"""Correlation from which on two layers are one by their values. Published pairs, plain, trained with
quantization or dynamic-range, have 0.99 and more; those trained apart 0.05 to 0.45."""

KEPT_WEIGHTS_DB: Final = 30.0
"""SQNR of weights and biases from which on they alone cannot cost parity."""

SAME_MODEL_DB: Final = 40.0
"""SQNR that only the same weights give; trained apart, the two sines of the field corpus agree to 26."""

FOSSIL_ENDS: Final = 4
FOSSIL_VARIES: Final = 0.01
FOSSIL_EXPLAINED: Final = 0.05
"""Ends of ranges below which stored ranges may be met by chance; deviation of an end over samples, for
each width, that tells them apart (less is rounding of the end and of the weights); and the mean
difference to the ranges of all samples below which nothing is left to explain."""

ONE_SAMPLE_DIFFERENCE: Final = 0.015
ONE_SAMPLE_FACTOR: Final = 5.0
"""Largest difference, as a share of a range, at which one sample gives all of them, and how many
times that all others, and all samples together, must be off. Rounding of ends and of the twin's
weights makes 0.3 % to 0.9 % of it in published files; the next best samples are 4 % off and more,
and 14 % where one of them is the sample."""

NOISE_DIFFERENCE: Final = 0.06
NOISE_CHANCE: Final = 2.25
NOISE_GAIN: Final = 3.0
"""Mean difference at which noise gives the stored ranges, how many times the one between batches
of noise it may be, and how many times as far the samples must be. Published files, six seeds: up to
0.045 and 1.9 times where it was noise, 0.084 and 2.7 times and more where it was a picture."""

CROWD_ENDS: Final = 8
CROWD_SAMPLES: Final = 50
CROWD_BEYOND: Final = 0.1
CROWD_TYPICAL: Final = 0.01
"""When ranges are those of a few samples that are not at hand: so many ends vary over so many
samples; calibration saw fewer than ten (1 / (k + 1) of the samples are beyond an end then); and
that it saw one of their kind is not refuted at this level. Published sound files have 0.08 beyond
and fewer; drawing 30 or more calibration samples from the corpus was never taken for one."""

TELLING_SAMPLES: Final = 100
"""Samples below which an undecided report asks for more."""
