# Sourced by `build`: makes the firmware of the Raspberry Pi Pico, and installs what models its chip.

pico_packages=(pico-sdk-source tinyusb-source) # of Debian trixie, the latter for USB
rp2040js=rp2040js@1.4.1
rp2040js_sha256=83328017cf7e503477e8d218cb742d3e843782d795edd175a0b81346c194e56f

pico_sdk=usr/src/pico-sdk # in $work/root
rom_size=$((256 * 1024)) # bytes of the ROM partition that RPI_PICO_ROM has between firmware and file system

prepare_pico() { # the sources, once
    cp -a "$work/root/usr/src/tinyusb/." lib/tinyusb/
    mkdir -p lib/micropython-lib
    touch lib/micropython-lib/README.md # nothing in it is used, but its presence is checked
    change_pico_port
    change_pico_sdk "$work/root/$pico_sdk"
    cp -r ports/rp2/boards/RPI_PICO ports/rp2/boards/RPI_PICO_ROM
    echo "#define MICROPY_HW_ROMFS_BYTES ($rom_size)" >>ports/rp2/boards/RPI_PICO_ROM/mpconfigboard.h
    printf '%s\n' 'freeze("$(PORT_DIR)/modules")' 'include("$(MPY_DIR)/extmod/asyncio")' >build-pico-manifest.py
    make_quietly -C mpy-cross
}

build_pico() { # board; as build-BOARD/firmware.uf2
    local folder=build-$1
    quietly cmake -S ports/rp2 -B "$folder" -DMICROPY_BOARD="$1" \
        -DMICROPY_FROZEN_MANIFEST="$PWD/build-pico-manifest.py" \
        -DPICO_SDK_PATH_OVERRIDE="$work/root/$pico_sdk" -DPICO_BUILD_DOCS=0 -DPICO_NO_PICOTOOL=1
    make_quietly -C "$folder"
    contains arm-none-eabi-nm "$folder/firmware.elf" \
        stdio_buffer_obj emit_native_thumb_method_table emit_inline_thumb_method_table
    arm-none-eabi-objcopy -O binary "$folder/firmware.elf" "$folder/firmware.bin"
    quietly python3 tools/uf2conv.py --family 0xe48bff56 --base 0x10000000 --convert \
        --output "$folder/firmware.uf2" "$folder/firmware.bin"
}

change_pico_port() {
    local option
    # Without what needs sources that Debian leaves out.
    edit ports/rp2/CMakeLists.txt 's/^set(MICROPY_SSL_MBEDTLS ON)$/set(MICROPY_SSL_MBEDTLS OFF)/' \
        'set(MICROPY_SSL_MBEDTLS OFF)'
    edit ports/rp2/CMakeLists.txt 's/^    \(mbedtls\/mbedtls_port.c\)$/    # \1/' '    # mbedtls/mbedtls_port.c'
    edit ports/rp2/CMakeLists.txt 's/^target_link_libraries(.* micropy_lib_mbedtls)$/# &/' \
        '# target_link_libraries(${MICROPY_TARGET} micropy_lib_mbedtls)'
    for option in MICROPY_SSL_MBEDTLS MICROPY_PY_HASHLIB_SHA1 MICROPY_PY_CRYPTOLIB; do
        edit ports/rp2/mpconfigport.h "s/^#define $option  *(1)\$/#define $option (0)/" "#define $option (0)"
    done
    # Link with gcc, for Debian's libstdc++ for these chips takes 300 MB; gcc does not add libm by itself.
    edit ports/rp2/CMakeLists.txt '/^pico_add_extra_outputs(/{
            i\set_target_properties(${MICROPY_TARGET} PROPERTIES LINKER_LANGUAGE C)
            i\target_link_libraries(${MICROPY_TARGET} m)
        }' 'set_target_properties(${MICROPY_TARGET} PROPERTIES LINKER_LANGUAGE C)'
    # Debian's cmake names objects .o: else the interpreter's inner loop would not go to RAM, as it is meant to.
    edit ports/rp2/memmap_mp_rp2040.ld 's/\*\(gc\|vm\|parse\)\.c\.obj/*\1.c.o*/g' \
        '        *(EXCLUDE_FILE(*libgcc.a: *libc.a: *lib_a-mem*.o *libm.a: *gc.c.o* *vm.c.o* *parse.c.o*) .text*)'
}

change_pico_sdk() { # folder; its only file in C++ goes
    edit "$1/src/rp2_common/pico_cxx_options/CMakeLists.txt" \
        '/target_sources(pico_cxx_options INTERFACE/,/)/s/^/#/' \
        '#    target_sources(pico_cxx_options INTERFACE'
}

install_rp2040js() { # in the cache; it depends on no other package
    (cd "$work" && quietly npm pack --silent "$rp2040js")
    local package=$work/${rp2040js/@/-}.tgz
    echo "$rp2040js_sha256  $package" | sha256sum --check --quiet || fail "$rp2040js is not the one expected"
    tar -xzf "$package" -C "$work"
    rm -rf "$cache/rp2040js"
    mv "$work/package" "$cache/rp2040js"
}
