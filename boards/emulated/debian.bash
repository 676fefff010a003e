# Sourced by `build`: takes sources from Debian trixie, whatever release this machine runs.

# Print "uri keyring" for each Debian archive in this machine's apt sources, of either format. A line counts
# when it is for the main part of a Debian release, so that neither -security nor Docker's server is asked;
# the keyring is the one this machine trusts for that address, or else the one Debian's keys come in.
debian_archives() {
    local list parts files=()
    eval "$(apt-config shell list Dir::Etc::SourceList/f parts Dir::Etc::SourceParts/d)"
    for file in "$list" "$parts"/*.list "$parts"/*.sources; do
        [ ! -f "$file" ] || files+=("$file")
    done
    [ ${#files[@]} -gt 0 ] || return 0
    awk '
        function debian(suites, components) {
            return " " suites " " ~ / ((old)*stable|testing|unstable|sid|bullseye|bookworm|trixie|forky|duke) / &&
                " " components " " ~ / main /
        }
        function archive(uri, keyring) {
            print uri, keyring ~ /^\// ? keyring : "/usr/share/keyrings/debian-archive-keyring.gpg"
        }
        function stanza() { # one paragraph of a .sources file has ended
            if (debian(field["suites"], field["components"]) && tolower(field["enabled"]) != "no")
                for (i = split(field["uris"], uris, " "); i > 0; i--) archive(uris[i], field["signed-by"])
            split("", field)
        }
        FNR == 1 { stanza() }
        /^[ \t]*#/ { next }
        FILENAME ~ /\.sources$/ {
            if (NF == 0) stanza()
            else if (match($0, /^[A-Za-z-]+:/)) {
                name = tolower(substr($0, 1, RLENGTH - 1))
                field[name] = substr($0, RLENGTH + 1)
                gsub(/^[ \t]+|[ \t\r]+$/, "", field[name])
            } else field[name] = field[name] " " $0
            next
        }
        $1 ~ /^deb(-src)?$/ {
            keyring = match($0, /signed-by=[^] ,]+/) ? substr($0, RSTART + 10, RLENGTH - 10) : ""
            sub(/^[ \t]*deb(-src)?[ \t]+(\[[^]]*\][ \t]*)?/, "")
            uri = $1
            suite = $2
            $1 = $2 = ""
            if (debian(suite, $0)) archive(uri, keyring)
        }
        END { stanza() }
    ' "${files[@]}" | awk '!seen[$0]++'
}

# Unpack Debian's source package into $work/micropython, and into $work/root the named packages, which hold
# sources too. apt gets a configuration of its own here, so that this machine's stays as it is, and checks
# the archive's signature and the packages' checksums.
get_sources() { # package...
    local archives uri keyring version
    local private=(
        -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null # pins concern this machine
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache"
        -o APT::Sandbox::User=root         # else root's apt would need a temporary folder that all can read
        -o APT::Update::Error-Mode=any     # else an address without answer counts as success
        -o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false
    )
    mkdir "$work/lists" "$work/cache" "$work/packages"
    archives=$(debian_archives)
    while read -r uri keyring; do
        [ -f "$keyring" ] || continue
        printf '%s\n' {deb,deb-src}" [signed-by=$keyring] $uri trixie main" >"$work/sources.list"
        echo "asking $uri for micropython of Debian trixie"
        if apt-get "${private[@]}" -qq update &&
            version=$(apt-cache "${private[@]}" showsrc micropython |
                grep -m 1 -o -P "^Version: \K\Q$upstream\E-.*"); then
            (cd "$work" && apt-get "${private[@]}" -qq source "micropython=$version" >/dev/null) ||
                fail "micropython $version could not be fetched from $uri"
            mv "$work/micropython-$upstream" "$work/micropython"
            get_packages "$uri" "$@"
            return
        fi
    done <<<"$archives"
    fail "no Debian archive in this machine's apt sources, checked with its keyring, offers micropython $upstream"
}

get_packages() { # uri package...; only for get_sources, whose configuration of apt it uses
    local package
    [ $# -gt 1 ] || return 0
    (cd "$work/packages" && apt-get "${private[@]}" -qq download "${@:2}" >/dev/null) ||
        fail "${*:2} of Debian trixie could not be fetched from $1"
    for package in "$work/packages"/*.deb; do dpkg --extract "$package" "$work/root"; done
}
