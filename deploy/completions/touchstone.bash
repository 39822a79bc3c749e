# bash completion for touchstone

_touchstone() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=
  local commands="run topics check replay explain demo"
  ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}
  COMPREPLY=()

  case $previous in
    --config | --map | --input | --against)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --out | --data)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --event | --partitions | --windows | --rate | --seed) return ;;
  esac

  local options="--help --version"
  case $command in
    "") options+=" $commands" ;;
    run) options+=" --config --to-end" ;;
    topics) options+=" --config --apply" ;;
    replay) options+=" --map --input --out --partitions --windows --config" ;;
    explain) options+=" --map --event --config" ;;
    demo) options+=" --map --data --once --rate --seed" ;;
    check)
      options+=" --against --config"
      if [[ $current != -* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
}
complete -F _touchstone touchstone
