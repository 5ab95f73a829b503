"""The words of the field that stand on the pages, in one sentence each: a term has one definition, used wherever it is."""

GLOSSARY: dict[str, str] = {
    # data and sound
    "clip": "One labelled sound file, or a labelled stretch of one.",
    "recording": "The original recording that one or more clips were cut from; clips of one recording sound alike.",
    "fold": "One of the equal parts that a data set is cut into, so that each can be the test once.",
    "leak": "A recording with clips on both sides of a split, so that a model is tested on what it has heard.",
    "spectrogram": "A picture of sound: time runs across, frequency upwards, and brightness is power in decibels.",
    "mel": "A frequency scale with steps that sound equally wide, so that low notes get more room than high ones.",
    "dB": "Decibels: ten times the logarithm of power, here below that of a sine at full scale, which is 0 dB.",
    "window": "The stretch of sound that one column of a spectrogram is computed from; long ones tell frequencies apart, "
              "short ones moments.",
    "hop": "The time from one column of a spectrogram to the next.",
    "silence": "The share of the time that lies below −60 dB.",
    "MFCC": "Mel-frequency cepstral coefficients: the rough shape of the spectrum in twenty numbers, the classic "
            "description of speech and timbre.",
    "chroma": "How strong each of the twelve pitch classes is, whatever the octave.",
    "constant-Q": "A spectrogram with bands a semitone apart, as wide as their notes, so that music lines up.",
    "zero crossings": "How often per second the wave changes sign: high for hiss and noise, low for hums.",
    "RMS": "Root mean square, the loudness of a moment.",
    "centroid": "The centre of gravity of the spectrum in hertz: how bright a moment sounds.",
    "roll-off": "The frequency below which 85 % of the power lies.",
    # training
    "epoch": "One pass of the training over all its clips.",
    "protocol": "Which clips are trained on, which choose, and which test.",
    "seed": "The number that all chance of a run starts from; another seed shows how much is luck.",
    "validation": "Clips held out of training to choose settings by; they are not the test.",
    "test": "Clips that nothing was trained on or chosen by, answered once, at the end.",
    "augmentation": "Changing training clips at random (shift, noise, masks), so that a model cannot learn them by heart.",
    "learning rate": "How far the weights move in one step.",
    "study": "A search for better settings: one trial after the other, each with other settings.",
    "trial": "One set of settings, trained and validated on folds 2 to 5.",
    "pruning": "Stopping a trial early because it does worse than half of those before it did at the same epoch.",
    "parameters": "The numbers inside a model that training sets.",
    "MACs": "Multiply-accumulate operations for one clip: what an answer costs to compute.",
    "checkpoint": "A trained model's weights on disk, with all that is needed to use it.",
    # numbers
    "accuracy": "The share of clips whose likeliest class is the right one.",
    "precision": "Of the clips given this class, the share that really are of it.",
    "recall": "Of the clips of this class, the share that were found.",
    "F1": "The harmonic mean of precision and recall: high only where both are.",
    "macro F1": "The mean of all classes' F1, each class counting the same.",
    "ROC-AUC": "The chance that a clip of the class gets a higher probability for it than a clip of another class: "
               "1 is perfect, 0.5 is guessing.",
    "confusion matrix": "A table of true classes by answered ones: what lies off the diagonal is a mistake.",
    "confidence interval": "The range in which the true value lies for 95 of 100 such experiments.",
    "standard deviation": "How far the folds' or models' results typically lie from their mean, written after ±.",
    "loss": "What training makes smaller: how surprised the model is by the right answers.",
    # inside a model
    "attention": "How much a token takes from each other token; each row of weights sums to 1.",
    "head": "One of several attentions side by side in a layer, each with its own view.",
    "layer": "One round of attention and computing; the next one works on its result.",
    "token": "A short stretch of the sound as the transformer sees it: a row of numbers.",
    "CLS": "The class token: it stands for no moment, gathers from all others, and the answer is read from it.",
    "entropy": "How widely attention is spread: one bit more is twice as many moments.",
    "reach": "How far in time a moment looks, on average.",
    "probability": "How sure the model is of a class; those of all classes sum to 1.",
}
