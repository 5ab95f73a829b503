"""Earshot's core: data, models, honest training and what can be read off it. It never imports the app.

The map, from the ground up; every module says more in its first line.

- The ground: ``errors``, ``config`` (every setting, once), ``limits`` (of one sound), ``files``, ``tables``,
  ``devices``, ``processes``, ``glossary`` (a sentence for every term)
- Sound: ``audio`` asks ``decoder_pool``, whose children are ``decoder`` and alone know ``formats`` (and ``formats_av``);
  ``spectrogram``, ``features`` (views by librosa), ``librosa_guard``, ``mel``, ``torchaudio_guard``
- Data sets: ``clips``, ``readers``, ``grouping`` (which clips are one recording), ``datasets``, ``overlooked`` (read
  otherwise than meant?), ``preview`` (what is off, before it is used), ``demo``, ``demo_sounds``; ``facts``, ``health`` (is
  it sound?), ``telltale`` (do its files give classes away?), ``lengths`` (does a clip length suit it?), ``cache`` (decoded
  once), ``splits`` (protocols and the leak audit), ``copies`` (the audit by sound); ``download``, ``unpack``, ``fetch``,
  ``fetching`` (seen from anywhere), ``arrivals`` (a zip that is handed in)
- Models: ``catalog`` (what a person reads, no torch), ``models`` (the registry), ``pretrained`` (weights from elsewhere),
  ``attention``, ``attention_stats``
- Training: ``augment`` with ``effects`` (of one sound), ``segments`` (clips built from stretches) and ``outliers`` (sounds
  that are none), ``hear`` (before a training does), ``training`` (one fold, epoch by epoch), ``schedule``, ``checkpoint``,
  ``plan``, ``crossval`` (folds outside), ``state_saver``, ``faults`` (what stopped it), ``run_tables``, ``progress``,
  ``tracking`` (Weights & Biases), ``costs`` (before it starts), ``presets``
- Numbers: ``scores``, ``intervals``, ``ttest``, ``metrics`` (of a run), ``baseline`` (without listening), ``classwise``,
  ``comparison`` and ``differences`` (of two), ``summary``; ``finished`` runs as ``contenders`` (model × protocol), their
  ``standings`` and ``matches``; ``learning_speed``; ``analysis`` (which is best, and why), ``head_agreement``; ``wording`` of
  numbers, ``colours``
- Runs: ``work_folder`` (what a run and a study share), ``run_folder``, ``run_checks`` (are its files whole?), ``runs``,
  ``manage`` (rename, delete, restore), ``turns`` (the queue), ``worker``, ``carry_out`` (errors in a sentence),
  ``experiments`` (several runs as one); ``disk`` (what takes room)
- Tuning: ``search_space`` (declared once), ``objective`` (validation only), ``study_folder``, ``study_storage`` (Optuna's),
  ``studies``, ``tuning`` (trial by trial), ``verdict`` (did it win?)
- Answers: ``predict``, ``recordings`` (up to an hour), ``events`` (what was heard when), ``answers`` (many files),
  ``seen`` (was this clip in the training?); ``calibration`` (probabilities that mean what they say), ``reliability`` (fitted,
  and when the answer is none of these), ``robustness`` (spoilt clips), ``sounds_of_none`` (made up)
- ``report`` (one HTML file, or Markdown) · ``export`` (a model as ONNX)
- ``commands`` (``python -m core …``, one file a command), ``benchmark`` beside ``references``
"""
