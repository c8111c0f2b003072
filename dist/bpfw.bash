# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for bpfw. The options come from `bpfw help COMMAND`, so that they are never old.
_bpfw() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$command" = help ]; }; then
        mapfile -t COMPREPLY < <(compgen -W \
            "compile load unload status test reload log version help --help --version" -- "$word")
        return
    fi
    case $before in
    --mode) mapfile -t COMPREPLY < <(compgen -W "auto offload native generic tc" -- "$word") ;;
    --hook) mapfile -t COMPREPLY < <(compgen -W "input forward output" -- "$word") ;;
    --dev | --in-interface | --out-interface)
        mapfile -t COMPREPLY < <(compgen -W "$(command ls /sys/class/net)" -- "$word")
        ;;
    -e | --expression | --netmask | --events) ;; # free text: no name of a file
    --dir) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    *)
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W \
                "$(bpfw help "$command" 2>/dev/null | grep -oE '(^| |,)--?[A-Za-z0-9][a-z0-9-]*' | tr -d ' ,')" \
                -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}
complete -o filenames -F _bpfw bpfw
