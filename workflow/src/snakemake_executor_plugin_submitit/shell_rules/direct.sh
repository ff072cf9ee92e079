# What Snakemake does around a shell command, in bash: the start of the script that direct.py writes. No variable here
# may be one that the command could know, so all are local or begin with submitit_.

submitit_fail() { printf '%s\n' "$@" >&2; exit 1; }

submitit_need_variable() {
  [[ ${!1+set} ]] || submitit_fail "The following environment variables are requested by the workflow but undefined." \
    "Please make sure that they are correctly defined before running Snakemake: $1"
}

# A network file system shows files late: seconds to wait, seconds between looks, words for the error, files.
submitit_await() {
  local patience=$1 pause=$2 words=$3 since=$SECONDS told='' missing file folder names
  shift 3
  while :; do
    missing=()
    for file; do [[ -e $file ]] || missing+=("$file"); done
    (( ${#missing[@]} )) || return 0
    if [[ ! $told ]]; then
      printf '%s\n' "Waiting at most $patience seconds for missing files:" "${missing[@]/%/ (missing locally)}" >&2
      told=yes
    fi
    (( patience > 0 && SECONDS - since <= patience )) || break
    sleep "$pause"
  done
  echo "${words}Missing files after $patience seconds. This might be due to filesystem latency." \
    "If that is the case, consider to increase the wait time with --latency-wait:" >&2
  for file in "${missing[@]}"; do
    if [[ $file == */* ]]; then folder=${file%/*}/; else folder=.; fi
    if names=$(ls -A -- "$folder" 2>/dev/null); then names=" contents: ${names//$'\n'/, }"; else names=" not present"; fi
    echo "$file (missing locally, parent dir$names)" >&2
  done
  exit 1
}

# A link is never protected.
submitit_refuse_protected() {
  local file found=()
  for file; do
    if [[ -e $file && ! -w $file && ! -L $file ]]; then found+=("$file"); fi
  done
  (( ! ${#found[@]} )) || submitit_fail "Write-protected output files for rule $submitit_rule:" "${found[@]/#/    }"
}

submitit_remove_old() {
  local file old=()
  for file in "${submitit_files[@]}" "${submitit_logs[@]}"; do
    if [[ -d $file && ! -L $file ]]; then
      rmdir -- "$file" 2>/dev/null || echo "Skipped removing non-empty directory $file" >&2
    elif [[ $file != /dev/null ]] && [[ -e $file || -L $file ]]; then
      old+=("$file")
    fi
  done
  for file in "${submitit_folders[@]}"; do
    if [[ -e $file || -L $file ]]; then old+=("$file"); fi
  done
  (( ! ${#old[@]} )) || rm -rf -- "${old[@]}" || submitit_fail "Old output or log files could not be removed."
}

submitit_make_folders() {
  local folder new=()
  for folder; do [[ -d $folder ]] || new+=("$folder"); done
  (( ! ${#new[@]} )) || mkdir -p -- "${new[@]}" || submitit_fail "Failed to create output directory."
}

# What Python's tempfile.gettempdir() finds on this machine.
submitit_tmpdir() {
  local folder probe
  for folder in "$TMPDIR" "$TEMP" "$TMP" /tmp /var/tmp /usr/tmp .; do
    [[ $folder ]] && folder=$(CDPATH='' && cd -P . && cd -L -- "$folder" 2>/dev/null && pwd) &&
      probe=$(mktemp -- "$folder/snakemake.XXXXXXXX" 2>/dev/null) && rm -f -- "$probe" && echo "$folder" && return
  done
  submitit_fail "No usable temporary directory found."
}

submitit_command_failed() {
  local signal=''
  (( $1 <= 128 )) || signal=$(kill -l "$1" 2>/dev/null)
  echo "Command exited with non-zero exit code $1${signal:+ (signal $signal)}." >&2
  exit "$1"
}

# What touch() flags is made by the head later.
submitit_refuse_wrong_kind() {
  local file found=()
  for file in "${submitit_files[@]}"; do
    if [[ -d $file ]]; then found+=("$file"); fi
  done
  for file in "${submitit_folders[@]}"; do
    if [[ -e $file && ! -d $file ]]; then found+=("$file"); fi
  done
  (( ! ${#found[@]} )) || submitit_fail "Outputs of incorrect type (directories when expecting files or vice versa)." \
    "Output directories must be flagged with directory(). Rule $submitit_rule:" "${found[@]/#/    }"
}
