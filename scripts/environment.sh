# Sourced by ./liq and ./dev: sets $python to a ready environment's interpreter, or says why not and exits.
# Kept to what bash 3.2 knows. A start with a ready environment runs no other program.

fail() {
  printf 'liqatlas: %s\n' "$2" >&2
  exit "$1"
}

# prepare_environment ROOT KIND, KIND is user or dev
prepare_environment() {
  local root=$1 kind=$2 lock stamp
  # Containers like to set this; then every start would compile some thousand files of Python anew. What is kept lies in the clone.
  unset PYTHONDONTWRITEBYTECODE
  venv=${LIQATLAS_VENV:-$root/.venv}
  case $venv in /*) ;; *) venv=$PWD/$venv ;; esac
  python=$venv/bin/python
  case $kind in user) lock=$root/requirements.lock ;; *) lock=$root/requirements-$kind.lock ;; esac
  stamp=$venv/stamp-$kind

  # The stamp repeats the clone's place and the whole lock: nothing to hash, nothing to start.
  if [[ -r $stamp && -x $python && "$(<"$stamp")" == "$root"$'\n'"$(<"$lock")" ]]; then
    return
  fi
  find_python
  "$found_python" -I "$root/scripts/environment.py" --root "$root" --venv "$venv" --kind "$kind" || exit $?
}

# Sets $found_python to a CPython that the locked packages are made for: 3.11 to 3.14 first, then anything newer.
find_python() {
  local probe newest candidate path seen='' place
  probe='import sys, sysconfig
free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
fits = sys.implementation.name == "cpython" and not free_threaded and sys.version_info >= (3, 11)
sys.exit(not (fits and sys.version_info[:2] <= tuple(map(int, sys.argv[1:]))))'
  if [[ -n ${LIQATLAS_PYTHON:-} ]]; then
    "$LIQATLAS_PYTHON" -I -c "$probe" 9 0 >/dev/null 2>&1 ||
      fail 1 "LIQATLAS_PYTHON=$LIQATLAS_PYTHON is not a CPython of version 3.11 or newer: name another one or unset it"
    found_python=$LIQATLAS_PYTHON
    return
  fi
  for newest in "3 14" "9 0"; do
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python \
      "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/*/bin/python3; do
      path=$(command -v "$candidate" 2>/dev/null) || continue
      # a version manager's shim can stand on the path and still fail; a candidate must prove itself
      # shellcheck disable=SC2086
      if "$path" -I -c "$probe" $newest >/dev/null 2>&1; then
        found_python=$path
        return
      fi
      place=$("$path" -c 'import sys; print("%d.%d at %s" % (sys.version_info[:2] + (sys.executable,)))' 2>/dev/null) ||
        continue
      case $seen in *"$place"*) ;; *) seen="$seen${seen:+, }$place" ;; esac
    done
  done
  fail 1 "needs Python 3.11 or newer (CPython); found ${seen:-none}: install one, or name it with LIQATLAS_PYTHON=/path/to/python3"
}
