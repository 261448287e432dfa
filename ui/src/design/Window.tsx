// A dialog in the middle of the page.
import type { ReactNode } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { IconButton } from './Button';
import drawer from './Drawer.module.css';
import styles from './Window.module.css';

interface WindowProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}

export function Window({ title, isOpen, onClose, children }: WindowProps) {
  return (
    <ModalOverlay
      className={styles.veil!}
      isOpen={isOpen}
      isDismissable
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={styles.window!}>
        <Dialog className={styles.dialog!}>
          <header className={drawer.header}>
            <Heading slot="title" className={drawer.title!}>
              {title}
            </Heading>
            <IconButton icon="close" label="Close" onPress={onClose} />
          </header>
          <div className={styles.body}>{children}</div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
