#compdef touchstone

_touchstone() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C \
    '--help[say what there is]' '--version[say which version this is]' \
    '1: :((run\:"run the engine on Kafka" topics\:"show which topics are missing or differ" check\:"check maps and configurations" replay\:"run the engine over a file" explain\:"say which rule takes an event" demo\:"show the engine at work"))' \
    '*:: :->rest' || return
  [[ $state == rest ]] || return 0

  case $line[1] in
    run) _arguments '--config[the configuration]:file:_files' '--to-end[read to the ends of the input, and exit]' '--help' '--version' ;;
    topics) _arguments '--config[the configuration]:file:_files' '--apply[create the missing ones]' '--help' '--version' ;;
    check)
      _arguments '*:file:_files' '--against[recorded events]:file:_files' '--config[other settings]:file:_files' '--help' '--version'
      ;;
    replay)
      _arguments '--map[the touchpoint map]:file:_files' '--input[events, one a line]:file:_files' '--out[directory to write to]:directory:_files -/' \
        '--partitions[partitions to spread customers over]:number:' '--windows[only these windows]:list:' '--config[other settings]:file:_files' '--help' '--version'
      ;;
    explain)
      _arguments '--map[the touchpoint map]:file:_files' '--event[the event]:JSON:' '--config[other settings]:file:_files' '--help' '--version'
      ;;
    demo)
      _arguments '--map[the touchpoint map]:file:_files' '--data[events of a data set]:directory:_files -/' '--once[end after half a minute]' \
        '--rate[events a second]:number:' '--seed[other customers]:number:' '--help' '--version'
      ;;
  esac
}

_touchstone "$@"
