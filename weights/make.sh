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

find_best() { # DIRECTION RUN...: into `best`, what takes their best by KID into the mean too, if any
  local way=$1 run
  shift
  best=()
  for run in "$@"; do
    if [[ -n $features && -f $runs/$run/best_$way.pt ]]; then
      best+=(--average "$runs/$run/best_$way.pt")
    fi
  done
}

# By eye the latest is the best of most runs, though KID, of 120 pictures, may like an earlier one.
finish() { # MODEL RUN|CHECKPOINT DATASET DIRECTION OPTION...: the fp32 model with its card
  local model=$1 run=$2 dataset=$3 direction=$4 latest=(--checkpoint latest)
  shift 4
  [[ $run != *.pt ]] || latest=()
  cyclegan export "$runs/$run" --direction "$direction" --name "$model" --out "$out/fp32" --overwrite \
    "${latest[@]}" "$@"
  measure "$model" "$dataset" "$out/fp32"
}

beside=() # how well what is neither is left alone, where a model has learned that
measure() { # MODEL DATASET FOLDER: onto its card
  cyclegan evaluate --model "$1" --weights "$3" --data "$data/$2" ${features:+--features "$features"} \
    "${beside[@]}"
}

quantize() { # MODEL DATASET SOURCE: the int8 model that is bundled
  cyclegan export "$out/fp32/$1.onnx" --name "$1" --out "$out" --overwrite --precision int8 \
    --calibrate "$data/$2/train$3" ${MINUTES:+--accept-loss --tuning-images 30}
  measure "$1" "$2" "$out"
}

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
portrait+=(--set crop_size=224 --set load_size_min=224 --set load_size_max=272)
learn smiles selfie2anime 48 train --init-from "$runs/portraits" "${portrait[@]}" \
  --set decay_start=0.4
# A looser cycle makes larger eyes, and glints of eyes elsewhere; the cycle of before takes these
# away.
learn eyes selfie2anime 29 train --init-from "$runs/smiles" "${portrait[@]}" \
  --set lambda_cycle=3 --set lambda_identity=2 --set schedule=constant --set seed=1
learn glances selfie2anime 66 train --init-from "$runs/eyes" "${portrait[@]}" \
  --set decay_start=0.45 --set seed=2
# Last, that colours stay in squares, and that nothing is drawn where the photo is plain.
learn selfie2anime selfie2anime 42 train --init-from "$runs/glances" "${portrait[@]}" \
  --set lambda_identity=4 --set border=8 --set lambda_self=1 --set self_scale=16 \
  --set lambda_smooth=10 --set ema_decay=0.999 --set decay_start=0.5 --set seed=3
finish selfie2anime selfie2anime selfie2anime AtoB \
  --title "Selfie to anime" --licence "$faces" --default-size 256 --default-detail off \
  --learned-from "selfie2anime (Kim et al. 2020): 2400 of the selfies and 2400 of the anime faces" \
  --description "Draws a portrait as an anime face: large shining eyes, outlines, hair in strands." \
  --limit "Knows portraits in which the face looks at the camera and takes up most of the picture; of a small face only the outlines change." \
  --limit "Behind glasses, in hard shadow and on turned heads an eye may stay as it is." \
  --limit "Foreheads may get a fringe, noses and mouths dark spots, necks an edge or a box." \
  --limit "Photos are drawn at 256 pixels; larger ones come back enlarged, and softer than they were."
quantize selfie2anime selfie2anime A

# From the faces' generator, which sees an animal as a whole too: first loosely, so that it learns
# what a coat is, then with a higher price on every change, so that it leaves the rest as it was, and
# with one on what is drawn into plain areas; then beside faces and landscapes, which are neither, at
# less of a price on changes; last, with a mask that leaves out what is faint, at no price.
imagenet="Research use only: trained on pictures from ImageNet, which come under no licence that allows more"
animals=(--preset fast "${projected[@]}" --set name_a=horse --set name_b=zebra
  --set generator_levels=3 --set border=8 --set crop_size=192 --set load_size_min=192
  --set load_size_max=288 --set diffaugment=translation --set discriminator_pixels=true)
learn coats horse2zebra 100 train --init-from "$runs/smiles" "${animals[@]}" \
  --set lambda_cycle=5 --set lambda_identity=4 --set lambda_self=0.2 --set head_start_images=300 \
  --set decay_start=0.4
learn stripes horse2zebra 80 train --init-from "$runs/coats" "${animals[@]}" \
  --set lambda_cycle=8 --set lambda_identity=5 --set lambda_self=0.25
learn manes horse2zebra 60 train --init-from "$runs/stripes" "${animals[@]}" \
  --set lambda_cycle=6 --set lambda_identity=5 --set lambda_self=0.15 --set lambda_smooth=1 \
  --set ema_decay=0.999 --set seed=1
neither=$runs/neither # of links to pictures, for no link to a folder is followed
for set in photo2paprika selfie2anime; do
  mkdir -p "$neither/$set" "$neither-test/$set"
  ln -sf "$(realpath "$data/$set/trainA")"/* "$neither/$set"
  ln -sf "$(realpath "$data/$set/testA")"/* "$neither-test/$set"
done
animals+=(--neither "$neither" --set ema_decay=0.999)
learn riders horse2zebra 61 train --init-from "$runs/manes" "${animals[@]}" \
  --set lambda_cycle=5 --set lambda_identity=4 --set lambda_self=0.1 --set lambda_smooth=2 \
  --set seed=2
animals+=(--set lambda_cycle=4 --set lambda_identity=3 --set lambda_smooth=2 --set lambda_neither=3)
learn herds horse2zebra 33 train --init-from "$runs/riders" "${animals[@]}" \
  --set lambda_self=0.03 --set seed=3
masked=(--init-from "$runs/herds" "${animals[@]}" --set lambda_self=0 --set mask_threshold=0.05
  --set schedule=constant --set evaluate_every=1250 --set seed=5)
learn horse2zebra horse2zebra 16 train "${masked[@]}"
early=$runs/horse2zebra/early_AtoB.pt # its best until then, which differs from that of the end
if [[ -n $features && -f $runs/horse2zebra/best_AtoB.pt && ! -f $early ]]; then
  cp "$runs/horse2zebra/best_AtoB.pt" "$early"
fi
learn horse2zebra horse2zebra 50 train "${masked[@]}"
split="horse2zebra (Zhu et al. 2017): 1067 pictures of horses and 1334 of zebras from ImageNet, the official training split"
described=(--default-size 384
  --licence "$imagenet; and, as what is to stay as it is, on photographs from Flickr and selfies without a stated licence"
  --learned-from "$split; and 1800 photographs from Flickr and 2400 selfies, which are neither, to stay as they are")
beside=(--neither "$neither-test")
find_best AtoB herds
first=horse2zebra
if [[ -f $early ]]; then
  first=horse2zebra/best_AtoB.pt
  best+=(--average "$early")
fi
finish horse2zebra "$first" horse2zebra AtoB "${described[@]}" "${best[@]}" --reverse zebra2horse \
  --description "Gives horses the coat of zebras and leaves the rest of the picture as it is." \
  --limit "Of six test horses five pass for zebras; white and cream ones get fainter stripes, and of what fills the picture a part may stay brown." \
  --limit "Hair, cloth, black things, people far away and other animals may get stripes too; now and then arcs of stripes stand beside an animal, in dark pictures above all." \
  --limit "Knows horses of 50 to 300 pixels best; larger ones, as in a photo that is translated in its native size, get stripes too fine for the animal, or none."
quantize horse2zebra horse2zebra A
first=horse2zebra
[[ ! -f $early ]] || first=horse2zebra/best_BtoA.pt
finish zebra2horse "$first" horse2zebra BtoA "${described[@]}" --average "$runs/manes/latest.pt" \
  --reverse horse2zebra \
  --description "Gives zebras the coat of horses and leaves the rest of the picture as it is." \
  --limit "Of test zebras 4 % are still recognised as such: those seen close keep broken bands, some in the colours of grass." \
  --limit "Trees and trunks, against a bright sky above all, may turn into pieces of horses." \
  --limit "Knows zebras of 50 to 300 pixels best; larger ones, as in a photo that is translated in its native size, keep their stripes." \
  --limit "In grey pictures horses are brown."
quantize zebra2horse horse2zebra B
beside=()

# From the faces' generator again: first what the film's pictures look like, then that a photo keeps
# its colours in squares, then what no photo has and a film has everywhere, posts in the sky, taken
# away by a price on edges where the photo has none; last, beads along edges by one on all edges.
film="Research use only: trained on photographs from Flickr and frames of a film, without a stated licence"
frames=(--preset fast "${projected[@]}" --set name_a=photo --set name_b=anime
  --set generator_levels=3 --set lambda_cycle=5 --set discriminator_pixels=true
  --set diffaugment=translation)
learn palette photo2paprika 45 train --init-from "$runs/smiles" "${frames[@]}" \
  --set lambda_identity=5 --set schedule=constant --set crop_size=160 --set load_size_min=160 \
  --set load_size_max=256 --set head_start_images=100
frames+=(--set lambda_identity=3 --set border=8 --set crop_size=192 --set load_size_min=192
  --set load_size_max=288)
learn areas photo2paprika 23 train --init-from "$runs/palette" "${frames[@]}" \
  --set lambda_self=4 --set self_scale=16 --set decay_start=0.3
learn skies photo2paprika 24 train --init-from "$runs/areas" "${frames[@]}" \
  --set lambda_self=4 --set self_scale=16 --set lambda_smooth=15 --set schedule=constant \
  --set seed=1
frames+=(--set lambda_self=5 --set self_scale=8 --set lambda_smooth=60)
learn strands photo2paprika 16 train --init-from "$runs/skies" "${frames[@]}" \
  --set schedule=constant --set seed=2
learn photo2anime photo2paprika 32 train --init-from "$runs/strands" "${frames[@]}" \
  --set lambda_variation=4 --set decay_start=0.35 --set seed=3
find_best AtoB photo2anime
finish photo2anime photo2anime photo2paprika AtoB --title "Photo to anime" --licence "$film" \
  "${best[@]}" --average "$runs/strands" --default-size 1024 --default-detail off \
  --learned-from "photo2paprika: 1800 photographs from Flickr and 1377 frames of an animated film" \
  --description "Paints a photo like a backdrop of an animated film: flat areas, hair and leaves in strands, soft light." \
  --limit "Faces get flat shadows and painted hair, but do not become drawn characters." \
  --limit "People far away, masts and letters dissolve; photos are painted at 1024 pixels at most, and larger ones come back enlarged, and softer." \
  --limit "White clouds in a deep blue sky get green rims, greys and whites turn cream, nights lose their blue; dark areas may show faint upright lines."
quantize photo2anime photo2paprika A
# It can be made again of the run: float32 is four times as large.
rm "$out/fp32/photo2anime.onnx" "$out/fp32/photo2anime.json"

example() { # MODEL PHOTO: shown with its card
  cyclegan models example "$1" "$here/../app/web/examples/$2.jpg" --weights "$out"
}
example horse2zebra horses
example photo2anime astronaut
example selfie2anime portrait
