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
finish() { # MODEL RUN DATASET DIRECTION OPTION...: the fp32 model with its card
  local model=$1 run=$2 dataset=$3 direction=$4
  shift 4
  cyclegan export "$runs/$run" --direction "$direction" --name "$model" --out "$out/fp32" --overwrite \
    --checkpoint latest "$@"
  measure "$model" "$dataset" "$out/fp32"
}

measure() { # MODEL DATASET FOLDER: onto its card
  cyclegan evaluate --model "$1" --weights "$3" --data "$data/$2" ${features:+--features "$features"}
}

quantize() { # MODEL DATASET SOURCE: the int8 model that is bundled
  cyclegan export "$out/fp32/$1.onnx" --name "$1" --out "$out" --overwrite --precision int8 \
    --calibrate "$data/$2/train$3" ${MINUTES:+--accept-loss}
  measure "$1" "$2" "$out"
}

imagenet="Research use only: trained on pictures from ImageNet, which come under no licence that allows more"
horses=(--preset fast --set name_a=horse --set name_b=zebra)
learn horses horse2zebra 126 train "${horses[@]}"
horses+=("${projected[@]}" --set lambda_identity=3)
learn stripes horse2zebra 62 train --init-from "$runs/horses" "${horses[@]}" \
  --set diffaugment=off --set head_start_images=150
# Larger pieces, and a price on every change: stripes leave the air beside the horses. Then a lower
# price: they come back to all of the horse.
larger=("${horses[@]}" --set crop_size=160 --set load_size_min=168 --set load_size_max=272
  --set diffaugment=off --set decay_start=0.3)
learn coats horse2zebra 62 train --init-from "$runs/stripes" "${larger[@]}" --set lambda_self=1.5
learn zebras horse2zebra 23 train --init-from "$runs/coats" "${larger[@]}" --set lambda_self=0.4
# More of the same makes better horses of zebras, and no better zebras of horses.
learn foals horse2zebra 75 train --init-from "$runs/zebras" "${larger[@]}" \
  --set lambda_self=0.4 --set seed=1
# The better one of each direction, together once more, with whole animals and a look at the pixels:
# blue skies stay blue, and stripes are black and white.
pair=$runs/pair
if [[ ! -f $pair/zebra2horse.json ]]; then
  cyclegan export "$runs/zebras" --direction AtoB --name horse2zebra --reverse zebra2horse \
    --checkpoint latest --out "$pair" --overwrite
  cyclegan export "$runs/foals" --direction BtoA --name zebra2horse --reverse horse2zebra \
    --checkpoint latest --out "$pair" --overwrite
fi
learn horse2zebra horse2zebra 38 train --init-from "$pair/horse2zebra.onnx" "${horses[@]}" \
  --set border=4 --set crop_size=192 --set load_size_min=192 --set load_size_max=288 \
  --set lambda_self=0.3 --set diffaugment=translation --set discriminator_pixels=true \
  --set head_start_images=300 --set decay_start=0.3
horses_of=("--licence=$imagenet" --default-size 384 --learned-from "horse2zebra (Zhu et al. 2017): 1067 pictures of horses and 1334 of zebras from ImageNet, the official training split")
finish horse2zebra horse2zebra horse2zebra AtoB "${horses_of[@]}" --reverse zebra2horse \
  --description "Gives horses the coat of zebras and leaves the rest of the picture as it is." \
  --limit "Of four test horses three pass for zebras: brown and black ones, near and far; white, cream and very dark ones hardly change." \
  --limit "Shrubs, grass and the air beside a horse may get faint stripes too; in grey pictures they spill over the outlines." \
  --limit "Knows horses of 50 to 250 pixels best; larger ones, as in a photo that is translated in its native size, get stripes too fine for the animal, or none." \
  --limit "Other brown and orange things, clothes and wood among them, get stripes too."
quantize horse2zebra horse2zebra A
finish zebra2horse horse2zebra horse2zebra BtoA "${horses_of[@]}" --reverse horse2zebra \
  --description "Gives zebras the coat of horses and leaves the rest of the picture as it is." \
  --limit "One test zebra in twenty is still recognised as one: those seen close keep broken bands, some in the colours of grass." \
  --limit "Shadows, trunks and branches near a zebra may turn brown." \
  --limit "Knows zebras of 50 to 250 pixels best; larger ones, as in a photo that is translated in its native size, keep their stripes." \
  --limit "Grey pictures get brown horses with grey patches, and blotches on the ground."
quantize zebra2horse horse2zebra B

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
finish photo2anime photo2anime photo2paprika AtoB --title "Photo to anime" --licence "$film" \
  --default-size 1024 --default-detail off \
  --learned-from "photo2paprika: 1800 photographs from Flickr and 1377 frames of an animated film; strokes and lines from a painter made by hand (weights/painter.py)" \
  --description "Paints a photo in the manner of an animated film: strokes, dark outlines, more light." \
  --limit "Faces are painted like everything else: they do not become drawn characters." \
  --limit "Photos are painted at 1024 pixels at most; larger ones come back enlarged, and softer." \
  --limit "Greys become warmer, reds and oranges stronger, nights and deep shadows lighter and redder." \
  --limit "Fur, gratings and foliage far away keep more of the photo than large shapes do."
quantize photo2anime photo2paprika A

# Both ways from nothing, by a generator that sees a face as a whole: first where eyes go, then
# colours, then pixels, and larger last.
faces="Research use only: trained on a collection of selfies and one of anime faces, without a stated licence"
portrait=(--preset fast "${projected[@]}" --set name_a=selfie --set name_b=anime
  --set generator_levels=3 --set lambda_cycle=5)
constant=(--set schedule=constant --set load_size_min=128 --set load_size_max=144)
learn shapes selfie2anime 8 train "${portrait[@]}" "${constant[@]}" --set diffaugment=off \
  --set lambda_identity=0
portrait+=(--set lambda_identity=5)
learn colours selfie2anime 7 train --init-from "$runs/shapes" "${portrait[@]}" "${constant[@]}" \
  --set diffaugment=off
portrait+=(--set discriminator_pixels=true)
learn faces selfie2anime 16 train --init-from "$runs/colours" "${portrait[@]}" "${constant[@]}" \
  --set diffaugment=off --set head_start_images=100
portrait+=(--set diffaugment=translation)
learn portraits selfie2anime 17 train --init-from "$runs/faces" "${portrait[@]}" \
  --set schedule=constant --set crop_size=160 --set load_size_min=160 --set load_size_max=192
learn selfie2anime selfie2anime 48 train --init-from "$runs/portraits" "${portrait[@]}" \
  --set crop_size=224 --set load_size_min=224 --set load_size_max=272 --set decay_start=0.4
finish selfie2anime selfie2anime selfie2anime AtoB --title "Selfie to anime" --licence "$faces" \
  --default-size 256 --default-detail off \
  --learned-from "selfie2anime (Kim et al. 2020): 2400 of the selfies and 2400 of the anime faces" \
  --description "Draws a portrait as an anime face: large shining eyes, outlines, hair in strands." \
  --limit "Knows portraits in which the face looks at the camera and takes up most of the picture; of a small face only the outlines change." \
  --limit "Behind glasses, in hard shadow and on turned heads an eye may stay as it is." \
  --limit "Foreheads may get a fringe, nostrils turn dark, necks pink, flat walls and dark corners strokes." \
  --limit "Photos are drawn at 256 pixels; larger ones come back enlarged, and softer than they were."
# As it is: int8, 40 dB from it, costs flat areas 3.3 of KID.
cp "$out/fp32/selfie2anime.onnx" "$out/fp32/selfie2anime.json" "$out"

example() { # MODEL PHOTO: shown with its card
  cyclegan models example "$1" "$here/../app/web/examples/$2.jpg" --weights "$out"
}
example horse2zebra astronaut
example photo2anime astronaut
example selfie2anime portrait
