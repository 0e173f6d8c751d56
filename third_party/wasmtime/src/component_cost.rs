// SPDX-License-Identifier: Apache-2.0
//! What an instance of a component takes and copies outside its memory. Nothing interrupts that, and
//! no limit of a store counts it, so it is bounded when the component is compiled.
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, Encoding, Instance, Parser,
    Payload,
};

/// Of all parts of an instance together.
const INSTANCE_BYTES_MAX: u64 = 64 << 20;
// At least what Wasmtime takes for one.
const PART_BYTES: u64 = 4096;
const GLOBAL_BYTES: u64 = 16;
const FUNCTION_BYTES: u64 = 32;
const ELEMENT_BYTES: u64 = 16;

/// Why the bytes are refused. Bytes that are no component are left to the compiler.
pub fn check_cost(bytes: &[u8]) -> Result<(), String> {
    let mut levels: Vec<Level> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(payload) = payload else { return Ok(()) };
        if let Payload::Version { encoding, .. } = payload {
            levels.push(Level { is_module: encoding == Encoding::Module, ..Level::default() });
            continue;
        }
        if let Payload::End(_) = payload {
            let Some(done) = levels.pop() else { return Ok(()) };
            match levels.last_mut() {
                Some(outer) if done.is_module => outer.modules.push(Some(done.bytes)),
                Some(outer) => outer.components.push(Some(done.bytes)),
                None if done.bytes > INSTANCE_BYTES_MAX => return Err(too_much(done.bytes)),
                None => {}
            }
            continue;
        }
        if visit(&mut levels, payload)?.is_none() {
            return Ok(());
        }
    }
    Ok(())
}

fn too_much(bytes: u64) -> String {
    format!(
        "an instance of the component takes {} MiB for its globals, functions, tables and data, and at most {} are allowed",
        bytes >> 20,
        INSTANCE_BYTES_MAX >> 20
    )
}

/// A module or a component, up to where it has been read.
#[derive(Default)]
struct Level {
    is_module: bool,
    /// Of one instance.
    bytes: u64,
    /// Of one instance of each, by their indexes; none: it comes from elsewhere.
    modules: Vec<Option<u64>>,
    components: Vec<Option<u64>>,
}

impl Level {
    fn add(&mut self, count: u64, bytes: u64) {
        self.bytes = self.bytes.saturating_add(count.saturating_mul(bytes));
    }
    fn instantiate(&mut self, bytes: Option<u64>) -> Result<(), String> {
        let bytes = bytes.ok_or("the component makes an instance of a module or component that is not in it")?;
        self.add(1, bytes.saturating_add(PART_BYTES));
        Ok(())
    }
    /// A further index of what is exported or comes from elsewhere.
    fn name(&mut self, kind: ComponentExternalKind, bytes: Option<u64>) {
        match kind {
            ComponentExternalKind::Module => self.modules.push(bytes),
            ComponentExternalKind::Component => self.components.push(bytes),
            _ => {}
        }
    }
    fn of(&self, kind: ComponentExternalKind, index: u32) -> Option<u64> {
        let list = if kind == ComponentExternalKind::Module { &self.modules } else { &self.components };
        list.get(index as usize).copied().flatten()
    }
}

/// None: the bytes are not well formed.
fn visit(levels: &mut [Level], payload: Payload<'_>) -> Result<Option<()>, String> {
    if let Payload::ComponentAliasSection(aliases) = payload {
        return Ok(aliases.into_iter().try_for_each(|alias| take_alias(levels, alias.ok()?)));
    }
    let Some(level) = levels.last_mut() else { return Ok(None) };
    match payload {
        Payload::GlobalSection(globals) => level.add(globals.count().into(), GLOBAL_BYTES),
        Payload::FunctionSection(functions) => level.add(functions.count().into(), FUNCTION_BYTES),
        Payload::ImportSection(imports) => level.add(imports.count().into(), FUNCTION_BYTES),
        Payload::ElementSection(elements) => level.add(elements.range().len() as u64, ELEMENT_BYTES),
        Payload::DataSection(data) => level.add(data.range().len() as u64, 1),
        Payload::ComponentCanonicalSection(functions) => level.add(functions.count().into(), FUNCTION_BYTES),
        Payload::TableSection(tables) => {
            for table in tables {
                let Ok(table) = table else { return Ok(None) };
                level.add(table.ty.initial, ELEMENT_BYTES);
            }
        }
        Payload::InstanceSection(instances) => {
            for instance in instances {
                let Ok(instance) = instance else { return Ok(None) };
                if let Instance::Instantiate { module_index, .. } = instance {
                    level.instantiate(level.of(ComponentExternalKind::Module, module_index))?;
                }
            }
        }
        Payload::ComponentInstanceSection(instances) => {
            for instance in instances {
                let Ok(instance) = instance else { return Ok(None) };
                if let ComponentInstance::Instantiate { component_index, .. } = instance {
                    level.instantiate(level.of(ComponentExternalKind::Component, component_index))?;
                }
            }
        }
        Payload::ComponentImportSection(imports) => {
            for import in imports {
                let Ok(import) = import else { return Ok(None) };
                level.name(import.ty.kind(), None);
            }
        }
        Payload::ComponentExportSection(exports) => {
            for export in exports {
                let Ok(export) = export else { return Ok(None) };
                level.name(export.kind, level.of(export.kind, export.index));
            }
        }
        _ => {}
    }
    Ok(Some(()))
}

fn take_alias(levels: &mut [Level], alias: ComponentAlias<'_>) -> Option<()> {
    match alias {
        ComponentAlias::InstanceExport { kind, .. } => levels.last_mut()?.name(kind, None),
        ComponentAlias::Outer { kind, count, index } => {
            let kind = match kind {
                ComponentOuterAliasKind::CoreModule => ComponentExternalKind::Module,
                ComponentOuterAliasKind::Component => ComponentExternalKind::Component,
                _ => return Some(()),
            };
            let place = levels.len().checked_sub(1 + count as usize)?;
            let bytes = levels[place].of(kind, index);
            levels.last_mut()?.name(kind, bytes);
        }
        ComponentAlias::CoreInstanceExport { .. } => {}
    }
    Some(())
}
