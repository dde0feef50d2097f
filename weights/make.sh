#!/usr/bin/env bash
# Make the bundled models again from folders of pictures: train, export, quantize, measure.
# A training that was cut off goes on where it stood; a finished one is not done again.
#
#   weights/make.sh DATA [FEATURES.onnx]
#
# DATA holds the folders horse2zebra, photo2paprika and selfie2anime, each with trainA, trainB, testA
# and testB.
# With FEATURES, a network as `cyclegan evaluate` takes it, KID is measured too.
#   OUT=DIR      where the models go (default: weights)
#   RUNS=DIR     where the trainings go (default: runs)
#   BACKBONE=FILE  weights of timm's tf_efficientnet_lite0 (default: timm fetches them)
#   MINUTES=N    of each training, to try the way (default: what the bundled models took)
#   SETTINGS     more options for each training
set -euo pipefail

data=${1:?usage: weights/make.sh DATA [FEATURES.onnx]}
features=${2:-}
out=${OUT:-weights} runs=${RUNS:-runs}
read -ra settings <<<"${SETTINGS:-}"
here=$(dirname "$0")
# What makes good generators of fair ones: discriminators that know what things are.
projected=(--set discriminator=projected --set objective=hinge --set ema_decay=0.998
  ${BACKBONE:+--set "discriminator_weights=$BACKBONE"})

learn() { # RUN DATASET MINUTES COMMAND OPTION...: train or distill, unless that is over
  local run=$1 dataset=$2 minutes=$3
  shift 3
  cyclegan "$@" --data "$data/$dataset" --out "$runs/$run" --max-minutes "${MINUTES:-$minutes}" \
    ${features:+--features "$features"} "${settings[@]}"
}

# By eye the latest is the best of each run, though KID, of 120 pictures, may like an earlier one.
bundle() { # MODEL RUN DATASET DIRECTION OPTION...: the fp32 model, and int8 made from it
  local model=$1 run=$2 dataset=$3 direction=$4 source=A
  shift 4
  [[ $direction == AtoB ]] || source=B
  cyclegan export "$runs/$run" --direction "$direction" --name "$model" --out "$out/fp32" \
    --checkpoint latest "$@"
  cyclegan export "$out/fp32/$model.onnx" --name "$model" --out "$out" --precision int8 \
    --calibrate "$data/$dataset/train$source" ${MINUTES:+--accept-loss}
  cyclegan evaluate --model "$model" --weights "$out" --data "$data/$dataset" \
    ${features:+--features "$features"}
}

imagenet="Research use only: trained on pictures from ImageNet, which come under no licence that allows more"
horses=(--preset fast --set name_a=horse --set name_b=zebra)
learn horses horse2zebra 126 train "${horses[@]}"
horses+=("${projected[@]}" --set diffaugment=off --set lambda_identity=3)
learn stripes horse2zebra 62 train --init-from "$runs/horses" "${horses[@]}" \
  --set head_start_images=150
# Larger pieces, and a price on every change: stripes leave the air beside the horses. Then a lower
# price: they come back to all of the horse.
horses+=(--set crop_size=160 --set load_size_min=168 --set load_size_max=272 --set decay_start=0.3)
learn coats horse2zebra 62 train --init-from "$runs/stripes" "${horses[@]}" --set lambda_self=1.5
learn horse2zebra horse2zebra 23 train --init-from "$runs/coats" "${horses[@]}" \
  --set lambda_self=0.4
# More of the same makes better horses of zebras, and no better zebras of horses.
learn zebra2horse horse2zebra 75 train --init-from "$runs/horse2zebra" "${horses[@]}" \
  --set lambda_self=0.4 --set seed=1
bundle horse2zebra horse2zebra horse2zebra AtoB --reverse zebra2horse --licence "$imagenet" \
  --default-size 384 \
  --description "Gives horses the coat of zebras and leaves the rest of the picture as it is."
bundle zebra2horse zebra2horse horse2zebra BtoA --reverse horse2zebra --licence "$imagenet" \
  --default-size 384 \
  --description "Gives zebras the coat of horses and leaves the rest of the picture as it is."

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
bundle photo2anime photo2anime photo2paprika AtoB --title "Photo to anime" --licence "$film" \
  --description "Paints a photo in the manner of an animated film: strokes, dark outlines, more light." \
  --default-size 1024 --default-detail off

# One direction, from a model that draws already: colours stay in squares of 16 pixels, and what is
# within them is the discriminator's business. First with every augmentation, then with true colours.
faces="Research use only: trained on a collection of selfies and one of anime faces, without a stated licence"
portrait=(--preset simgan --set name_a=selfie --set name_b=anime "${projected[@]}"
  --set self_scale=16 --set load_size_min=128)
learn faces selfie2anime 28 train --init-from "$runs/photo2anime" "${portrait[@]}" \
  --set diffaugment=on --set schedule=constant --set lambda_self=3 --set load_size_max=160 \
  --set head_start_images=100
learn selfie2anime selfie2anime 26 train --init-from "$runs/faces" "${portrait[@]}" \
  --set diffaugment=off --set lambda_self=6 --set load_size_max=152 \
  --set learning_rate=0.0001 --set decay_start=0.1
bundle selfie2anime selfie2anime selfie2anime AtoB --title "Selfie to anime" --licence "$faces" \
  --default-size 384 --default-detail off \
  --description "Draws a portrait as an anime face: outlines, drawn eyes, hair in strands."

example() { # MODEL PHOTO: shown with its card
  cyclegan models example "$1" "$here/../app/web/examples/$2.jpg" --weights "$out"
}
example horse2zebra astronaut
example photo2anime astronaut
example selfie2anime portrait
