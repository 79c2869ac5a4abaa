{
  'targets': [
    {
      'target_name': 'lvskit',
      'conditions': [
        ['OS!="linux"', {
          # Elsewhere the package is types and pure functions only.
          'type': 'none',
        }, {
          'sources': ['<!@(node -p "const {library,addon}=require(\'./native/sources.json\');library.concat(addon).map(f=>\'native/\'+f).join(\' \')")'],
          'include_dirs': ['native'],
          'defines': [
            'NAPI_VERSION=9',
            'NAPI_CPP_EXCEPTIONS',
            'NODE_ADDON_API_DISABLE_DEPRECATED',
            'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
          ],
          'cflags': [
            # As a system header, so that our warning flags do not judge somebody else's code.
            '-isystem', '<!(node -p "require(\'node:path\').resolve(require(\'node-addon-api\').include_dir)")',
            '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow',
            '-fvisibility=hidden', '-fstack-protector-strong',
          ],
          'cflags!': ['-fno-exceptions'],
          'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
          'cflags_cc': ['-std=c++20', '-fexceptions'],
          'ldflags': ['-Wl,-z,relro', '-Wl,-z,now'],
        }],
      ],
    },
  ],
}
