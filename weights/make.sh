#!/usr/bin/env bash
# Make the bundled models again from folders of pictures: train, export, quantize, measure.
# A training that was cut off goes on where it stood; a finished one is not done again.
#
#   weights/make.sh DATA [FEATURES.onnx]
#
# DATA holds the folders horse2zebra and photo2paprika, each with trainA, trainB, testA and testB.
# With FEATURES, a network as `cyclegan evaluate` takes it, KID is measured too.
#   OUT=DIR      where the models go (default: weights)
#   RUNS=DIR     where the trainings go (default: runs)
#   MINUTES=N    of each training, to try the way (default: what the bundled models took)
#   SETTINGS     more options for each training
set -euo pipefail

data=${1:?usage: weights/make.sh DATA [FEATURES.onnx]}
features=${2:-}
out=${OUT:-weights} runs=${RUNS:-runs}
read -ra settings <<<"${SETTINGS:-}"
here=$(dirname "$0")

learn() { # RUN DATASET MINUTES COMMAND OPTION...: train or distill, unless that is over
  local run=$1 dataset=$2 minutes=$3
  shift 3
  cyclegan "$@" --data "$data/$dataset" --out "$runs/$run" --max-minutes "${MINUTES:-$minutes}" \
    ${features:+--features "$features"} "${settings[@]}"
}

bundle() { # MODEL RUN DATASET DIRECTION OPTION...: the fp32 model, and int8 made from it
  local model=$1 run=$2 dataset=$3 direction=$4 source=A
  shift 4
  [[ $direction == AtoB ]] || source=B
  cyclegan export "$runs/$run" --direction "$direction" --name "$model" --out "$out/fp32" "$@"
  cyclegan export "$out/fp32/$model.onnx" --name "$model" --out "$out" --precision int8 \
    --calibrate "$data/$dataset/train$source" ${MINUTES:+--accept-loss}
  cyclegan evaluate --model "$model" --weights "$out" --data "$data/$dataset" \
    ${features:+--features "$features"}
}

imagenet="Research use only: trained on pictures from ImageNet, which come under no licence that allows more"
learn horse2zebra horse2zebra 126 train --preset fast --set name_a=horse --set name_b=zebra
bundle horse2zebra horse2zebra horse2zebra AtoB --reverse zebra2horse --licence "$imagenet"
bundle zebra2horse horse2zebra horse2zebra BtoA --reverse horse2zebra --licence "$imagenet"

# Strokes and lines come from a hand-made painter, what keeps them crisp from frames of the film.
film="Research use only: trained on photographs from Flickr and frames of a film, without a stated licence"
if [[ ! -f $runs/teachers/painter.json ]]; then
  python "$here/painter.py" "$data/photo2paprika" "$runs/painter.onnx"
  cyclegan models add "$runs/painter.onnx" --weights "$runs/teachers" --source photo \
    --target "animated film" --values=-1..1 --yes
fi
learn photo2anime photo2paprika 60 distill "$runs/teachers/painter.onnx" --student small \
  --set objective=hinge --set discriminator_norm=spectral --set discriminator_width=32 \
  --set smoothed_fakes=true --set lambda_teacher=40 --set lambda_structure=20 \
  --set learning_rate=0.0004
# By eye the latest is the best: KID, which hardly sees how a picture is drawn, likes the softer ones before.
bundle photo2anime photo2anime photo2paprika AtoB --title "Photo to anime" --licence "$film" \
  --checkpoint latest \
  --description "Paints a photo in the manner of an animated film: strokes, dark outlines, more light." \
  --default-size 1024 --default-detail off

for model in horse2zebra photo2anime; do
  cyclegan models example "$model" "$here/../app/web/examples/astronaut.jpg" --weights "$out"
done
